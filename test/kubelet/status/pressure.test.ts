import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type PressureCondition,
  pressureConditions,
  pressureEvents,
  type Rooms,
  thresholdOf,
} from '../../../src/kubelet/status/pressure.ts';

const THRESHOLDS = { 'memory.available': '100Mi', 'nodefs.available': '10%', 'imagefs.inodesFree': '5%' };
const PLENTY: Rooms = {
  'memory.available': { available: 2 ** 30, capacity: 2 ** 31 },
  'nodefs.available': { available: 50, capacity: 100 },
  'imagefs.inodesFree': { available: 50, capacity: 100 },
};
const TRANSITION_MS = 300_000;

const conditions = (rooms: Rooms, nowMs = 0, before: PressureCondition[] = [], thresholds: object = THRESHOLDS) =>
  pressureConditions({
    thresholds: thresholds as Record<string, string>,
    rooms,
    before,
    nowMs,
    transitionMs: TRANSITION_MS,
  });
const statuses = (list: readonly PressureCondition[]) => list.map(({ status }) => status).join(' ');

test('a pressure is told when less is left than its threshold says', () => {
  const cases: [Rooms, string][] = [
    [PLENTY, 'False False False'],
    [{ ...PLENTY, 'memory.available': { available: 99 * 2 ** 20, capacity: 2 ** 31 } }, 'True False False'],
    [{ ...PLENTY, 'memory.available': { available: 100 * 2 ** 20, capacity: 2 ** 31 } }, 'False False False'],
    [{ ...PLENTY, 'nodefs.available': { available: 9, capacity: 100 } }, 'False True False'],
    [{ ...PLENTY, 'imagefs.inodesFree': { available: 4, capacity: 100 } }, 'False True False'],
    // A file system that does not count inodes.
    [{ ...PLENTY, 'imagefs.inodesFree': { available: 0, capacity: 0 } }, 'False False False'],
    // Without a threshold nothing is pressure.
    [{ ...PLENTY, 'pid.available': { available: 0, capacity: 100 } }, 'False False False'],
    [{}, 'Unknown Unknown False'],
  ];
  for (const [rooms, expected] of cases) assert.equal(statuses(conditions(rooms)), expected, JSON.stringify(rooms));
  const [, disk] = conditions({ ...PLENTY, 'nodefs.available': { available: 9, capacity: 100 } }, 1000);
  assert.deepEqual(disk, {
    type: 'DiskPressure',
    status: 'True',
    reason: 'KubeletHasDiskPressure',
    message: 'kubelet has disk pressure: nodefs.available is below 10%',
    sinceMs: 1000,
    feltMs: 1000,
  });
});

test('a pressure that is over is still told for a while, and tells since when it is as it is', () => {
  const full = { ...PLENTY, 'nodefs.available': { available: 1, capacity: 100 } };
  const first = conditions(full, 1000);
  const second = conditions(PLENTY, 1000 + TRANSITION_MS - 1, first);
  assert.deepEqual([second[1]?.status, second[1]?.sinceMs], ['True', 1000]);
  assert.equal(second[1]?.message, 'kubelet has disk pressure');
  const third = conditions(PLENTY, 1000 + TRANSITION_MS, second);
  assert.deepEqual([third[1]?.status, third[1]?.sinceMs], ['False', 1000 + TRANSITION_MS]);
  // The clock was set back a day.
  assert.equal(conditions(PLENTY, 1000 - 86_400_000, first)[1]?.status, 'False');
});

test('what begins and ends is an event, what never was is none', () => {
  const none = conditions(PLENTY);
  const full = conditions({ ...PLENTY, 'nodefs.available': { available: 1, capacity: 100 } }, 1000, none);
  assert.deepEqual(pressureEvents([], none), []);
  assert.deepEqual(pressureEvents(none, full), ['NodeHasDiskPressure']);
  assert.deepEqual(pressureEvents(full, full), []);
  assert.deepEqual(pressureEvents(full, conditions({}, 2000 + TRANSITION_MS, full)), []);
  assert.deepEqual(pressureEvents(full, none), ['NodeHasNoDiskPressure']);
});

test('thresholds are quantities or percentages', () => {
  for (const [text, expected] of [
    ['100Mi', 100 * 2 ** 20],
    ['10%', 20],
    ['0.5%', 1],
    ['0%', 0],
    ['101%', undefined],
    ['x', undefined],
    ['', undefined],
  ] as const) {
    assert.equal(thresholdOf(text, 200), expected, text);
  }
});
