import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Image } from '../../../src/cri/port.ts';
import { type GcInput, type ImageUse, planImageGc } from '../../../src/kubelet/images/gc-plan.ts';

const MINUTE_MS = 60_000;
const NOW_MS = 1000 * MINUTE_MS;
const image = (id: string, change: Partial<Image> = {}): Image => ({
  id,
  repoTags: [],
  repoDigests: [],
  sizeBytes: 10,
  username: '',
  pinned: false,
  ...change,
});

function plan(
  change: Partial<GcInput> = {},
  uses: Record<string, [detectedMinutes: number, usedMinutes?: number]> = {},
) {
  const ago = ([detected, used]: [number, number?]): ImageUse => ({
    detectedMs: NOW_MS - detected * MINUTE_MS,
    ...(used !== undefined && { lastUsedMs: NOW_MS - used * MINUTE_MS }),
  });
  const planned = planImageGc({
    images: ['a', 'b', 'c'].map((id) => image(id)),
    uses: new Map(Object.entries(uses).map(([id, use]) => [id, ago(use)])),
    needed: new Set(),
    disk: { capacityBytes: 1000, availableBytes: 500 },
    nowMs: NOW_MS,
    startedMs: 0,
    settings: { highPercent: 85, lowPercent: 80, minAgeMs: 2 * MINUTE_MS, maxAgeMs: 0 },
    ...change,
  });
  return {
    ids: planned.candidates.map(({ image: { id }, old }) => (old ? `${id} old` : id)),
    bytes: planned.bytesToFree,
  };
}

const LONG: Record<string, [number, number?]> = { a: [100], b: [100], c: [100] };

describe('images that may go', () => {
  const rows: { name: string; change?: Partial<GcInput>; uses: Record<string, [number, number?]>; ids: string[] }[] = [
    { name: 'are not those that were seen a moment ago', uses: { a: [1], b: [3] }, ids: ['b'] },
    { name: 'are not those that are needed', change: { needed: new Set(['b']) }, uses: LONG, ids: ['a', 'c'] },
    {
      name: 'are not pinned ones',
      change: { images: [image('a', { pinned: true }), image('b')] },
      uses: LONG,
      ids: ['b'],
    },
    { name: 'go the longest unused first', uses: { a: [100, 5], b: [100, 50], c: [90] }, ids: ['c', 'b', 'a'] },
    {
      name: 'go by age when that is limited',
      change: { settings: { highPercent: 85, lowPercent: 80, minAgeMs: 0, maxAgeMs: 40 * MINUTE_MS } },
      uses: { a: [100, 30], b: [100, 50], c: [41] },
      ids: ['b old', 'c old', 'a'],
    },
    {
      name: 'do not go by age before the agent has run for so long',
      change: {
        startedMs: NOW_MS - MINUTE_MS,
        settings: { highPercent: 85, lowPercent: 80, minAgeMs: 0, maxAgeMs: 40 * MINUTE_MS },
      },
      uses: { a: [100], b: [100], c: [100] },
      ids: ['a', 'b', 'c'],
    },
  ];
  for (const { name, change = {}, uses, ids } of rows) it(name, () => assert.deepEqual(plan(change, uses).ids, ids));
});

describe('the room that has to be made', () => {
  const rows: [name: string, availableBytes: number, bytes: number][] = [
    ['is none below the high mark', 160, 0],
    ['counts a percent begun as a whole one', 159, 41],
    ['goes down to the low mark from there', 150, 50],
    ['is all up to the low mark when the disk is full', 0, 200],
  ];
  for (const [name, availableBytes, bytes] of rows)
    it(name, () => assert.equal(plan({ disk: { capacityBytes: 1000, availableBytes } }).bytes, bytes));
  it('is none when the disk is not known', () => assert.equal(plan({ disk: undefined }).bytes, 0));
});
