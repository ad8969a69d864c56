import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { hasStorageLimit, overgrown } from '../../../src/kubelet/volumes/ephemeral.ts';
import { container, revision } from '../build.ts';
import { temporaryDirectory } from '../temporary.ts';

const KI = 1024;
const limited = (name: string, limit?: string) =>
  container({ name, ...(limit !== undefined && { resources: { limits: { 'ephemeral-storage': limit } } }) });
const POD = revision({
  containers: [limited('a', '100Ki'), limited('b', '300Ki'), limited('free')],
  volumes: [
    { name: 'v', emptyDir: {} },
    { name: 'fast', emptyDir: { medium: 'Memory' } },
    { name: 'c', configMap: {} },
  ],
}).pod;

const ROWS: [string, { written?: Record<string, number>; files?: Record<string, number> }, string | undefined][] = [
  ['nothing', {}, undefined],
  ['as much as it may', { written: { a: 100 * KI, b: 200 * KI } }, undefined],
  [
    'more than a container may',
    { written: { a: 101 * KI } },
    'Container a exceeded its local ephemeral storage limit "100Ki". ',
  ],
  [
    'logs beside it',
    { written: { a: 60 * KI }, files: { 'logs/default_web-n1_u1/a/0.log': 60 * KI } },
    'Container a exceeded its local ephemeral storage limit "100Ki". ',
  ],
  [
    'more than all together may',
    { written: { free: 401 * KI } },
    'Pod ephemeral local storage usage exceeds the total limit of containers 400Ki. ',
  ],
  [
    'volumes on the disk',
    { written: { b: 200 * KI }, files: { 'root/pods/u1/volumes/kubernetes.io~empty-dir/v/f': 240 * KI } },
    'Pod ephemeral local storage usage exceeds the total limit of containers 400Ki. ',
  ],
  [
    'a volume in memory, which counts as memory',
    { files: { 'root/pods/u1/volumes/kubernetes.io~empty-dir/fast/f': 800 * KI } },
    undefined,
  ],
];

for (const [what, { written = {}, files = {} }, message] of ROWS)
  test(`a Pod that uses ${what} is ${message ? 'over its limit' : 'within its limits'}`, async (t) => {
    const base = await temporaryDirectory(t);
    for (const [file, bytes] of Object.entries(files)) {
      await mkdir(dirname(join(base, file)), { recursive: true });
      await writeFile(join(base, file), Buffer.alloc(bytes, 1));
    }
    const scratch = {
      rootDir: join(base, 'root'),
      podLogsDir: join(base, 'logs'),
      written: new Map(Object.entries(written)),
    };
    assert.equal(await overgrown(POD, scratch), message);
  });

test('a Pod without a limit is not looked at', async () => {
  const { pod } = revision();
  assert.equal(hasStorageLimit(pod), false);
  assert.equal(hasStorageLimit(POD), true);
  assert.equal(await overgrown(pod, { rootDir: '/nowhere', podLogsDir: '/nowhere', written: new Map() }), undefined);
});
