import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Resolved } from '../../../src/kubelet/plan/resolve.ts';
import { wantedImages } from '../../../src/kubelet/plan/wanted-images.ts';
import { podKey } from '../../../src/kubelet/types.ts';
import { container, KEY, revision } from '../build.ts';

describe('the images that are wanted', () => {
  it('are those of all containers and image volumes of wanted Pods, with a tag', () => {
    const wanted = revision({
      containers: [container({ image: 'web' }), container({ name: 'b', image: 'r.example/b@sha256:0' })],
      initContainers: [container({ name: 'i', image: 'init:2' })],
      volumes: [
        { name: 'v', image: { reference: 'data' } },
        { name: 'e', emptyDir: {} },
      ],
    });
    const gone = podKey('default', 'gone');
    const resolved: Resolved = {
      slots: new Map([
        [KEY, { state: 'want', key: KEY, revision: wanted }],
        [gone, { state: 'drop', key: gone }],
      ]),
      order: [KEY],
      problems: [],
    };
    assert.deepEqual([...wantedImages(resolved)], ['init:2', 'web:latest', 'r.example/b@sha256:0', 'data:latest']);
  });
});
