import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotatedApparmor } from '../../../src/kubelet/container/apparmor.ts';

const rows: [text: string | undefined, profile: object | undefined][] = [
  ['runtime/default', { type: 'RuntimeDefault' }],
  ['unconfined', { type: 'Unconfined' }],
  ['localhost/a/b', { type: 'Localhost', localhostProfile: 'a/b' }],
  ['localhost/', undefined],
  ['', undefined],
  ['default', undefined],
  [undefined, undefined],
];
for (const [text, profile] of rows)
  test(`${text} is ${profile ? JSON.stringify(profile) : 'no profile'}`, () =>
    assert.deepEqual(annotatedApparmor(text), profile));
