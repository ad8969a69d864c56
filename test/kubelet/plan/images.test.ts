import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { imageReferenceProblem, withDefaultTag } from '../../../src/kubelet/plan/images.ts';

describe('image references', () => {
  const good = [
    'busybox',
    'busybox:1.36',
    'localhost/demo:1',
    'localhost:5000/a/b-c_d.e:v1',
    '127.0.0.1:5900/nosuch:1',
    'registry.k8s.io/pause@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
    'Registry.Example.COM/team/app:V1',
    '[::1]:5000/app',
  ];
  for (const image of good) it(`${image} is one`, () => assert.equal(imageReferenceProblem(image), undefined));

  const bad: [string, RegExp][] = [
    ['UPPER/Bad Name:1', /invalid reference format: repository name \(Bad Name\) must be lowercase$/],
    ['Busybox', /repository name \(Busybox\) must be lowercase$/],
    ['busybox:', /invalid reference format$/],
    ['busybox:-x', /invalid reference format$/],
    ['a//b', /invalid reference format$/],
    ['busybox@sha256:12', /invalid reference format$/],
    ['a b', /invalid reference format$/],
    ['x'.repeat(600), /^.{300,600}invalid reference format: it is longer than 512 characters$/],
  ];
  for (const [image, message] of bad)
    it(`${image.slice(0, 20)} is none`, () => assert.match(imageReferenceProblem(image) ?? '', message));

  it('without tag and digest mean :latest', () => {
    assert.deepEqual(['a', 'a:1', 'h:5000/a', 'a@sha256:0'].map(withDefaultTag), [
      'a:latest',
      'a:1',
      'h:5000/a:latest',
      'a@sha256:0',
    ]);
  });
});
