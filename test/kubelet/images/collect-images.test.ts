import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import type { Container, Cri, Image } from '../../../src/cri/port.ts';
import { ImageCollector } from '../../../src/kubelet/images/collect-images.ts';

const SETTINGS = { highPercent: 85, lowPercent: 80, minAgeMs: 60_000, maxAgeMs: 0 };
const image = (id: string, ...repoTags: string[]): Image => ({
  id,
  repoTags,
  repoDigests: [`docker.io/library/${id}@sha256:${id}`],
  sizeBytes: 40,
  username: '',
  pinned: false,
});

function collecting(given: {
  images: Image[];
  containers?: Partial<Container>[];
  wanted?: string[] | undefined;
  availableBytes?: number;
  fails?: string;
  capacityBytes?: number;
}) {
  const removed: string[] = [];
  const events: string[] = [];
  const state = { nowMs: 0, availableBytes: given.availableBytes ?? 100 };
  const cri = {
    listImages: async () => given.images.filter(({ id }) => !removed.includes(id)),
    listContainers: async (labels: object) => {
      assert.deepEqual(labels, {}, 'of everybody');
      return (given.containers ?? []) as Container[];
    },
    sandboxImage: async () => 'localhost/pause:1',
    imageFsInfo: async () => [{ mountpoint: '/images', usedBytes: 0, inodesUsed: 0 }],
    removeImage: async (id: string) => {
      if (id === given.fails) throw new Error(`cannot remove ${id}`);
      removed.push(id);
    },
  } as Partial<Cri> as Cri;
  const collector = new ImageCollector({
    env: { ...realEnv(), nowMs: () => state.nowMs },
    cri,
    settings: SETTINGS,
    wanted: () => ('wanted' in given ? given.wanted : []),
    record: (_, reason, message) => events.push(`${reason}: ${message}`),
    diskOf: async (directory) => {
      assert.equal(directory, '/images');
      return { capacityBytes: given.capacityBytes ?? 1000, availableBytes: state.availableBytes };
    },
  });
  return {
    removed,
    events,
    async collectTwice() {
      if (given.capacityBytes !== 0) await collector.collect({ ...SETTINGS, highPercent: 100 });
      state.nowMs = 120_000;
      await collector.collect(SETTINGS);
    },
  };
}

describe('the collection of images', () => {
  it('removes as many unused ones as room is needed for', async () => {
    const { removed, collectTwice, events } = collecting({ images: ['a', 'b', 'c', 'd'].map((id) => image(id)) });
    await collectTwice();
    assert.deepEqual([removed, events], [['a', 'b', 'c'], []]);
  });

  it('leaves alone what a container of anybody uses, what a Pod wants and what was preloaded', async () => {
    const images = [
      image('sha256:a'),
      image('b', 'docker.io/library/b:latest'),
      image('c', 'r.example/c:1'),
      image('d'),
      image('e', 'docker.io/library/e:1'),
      image('pause', 'localhost/pause:1'),
    ];
    const containers = [
      { image: 'sha256:a', imageRef: 'x' },
      { image: 'x', imageRef: 'docker.io/library/d@sha256:d' },
    ];
    const { removed, collectTwice } = collecting({
      images,
      containers,
      wanted: ['b', 'r.example/c:1'],
      availableBytes: 160 - 50,
    });
    await assert.rejects(collectTwice(), /Attempted to free 90 bytes, but only found 40 bytes eligible to free/);
    assert.deepEqual(removed, ['e']);
  });

  it('removes nothing as long as not everything wanted is known', async () => {
    const { removed, collectTwice } = collecting({ images: [image('a')], wanted: undefined });
    await collectTwice();
    assert.deepEqual(removed, []);
  });

  it('goes on after one that cannot be removed, and says so when there is too little', async () => {
    const { removed, collectTwice, events } = collecting({ images: [image('a'), image('b'), image('c')], fails: 'a' });
    await assert.rejects(
      collectTwice(),
      /Attempted to free 100 bytes, but only found 80 bytes eligible to free\. cannot remove a/,
    );
    assert.deepEqual(removed, ['b', 'c']);
    assert.match(events[0] ?? '', /^FreeDiskSpaceFailed: Failed to garbage collect required amount of images/);
  });

  it('says when the disk has no size', async () => {
    const { collectTwice, events } = collecting({ images: [], capacityBytes: 0 });
    await assert.rejects(collectTwice(), /invalid capacity 0 on image filesystem/);
    assert.deepEqual(events, ['InvalidDiskCapacity: invalid capacity 0 on image filesystem']);
  });
});
