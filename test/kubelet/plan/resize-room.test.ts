import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resizePending } from '../../../src/kubelet/plan/resize-room.ts';

const amounts = (cpu: number, memory: number) =>
  new Map([
    ['cpu', cpu],
    ['memory', memory],
  ]);
const ROOM = amounts(4000, 4096);

describe('room for a Pod that is resized', () => {
  const rows: [string, Map<string, number>, Map<string, number>, Map<string, number>, string | undefined][] = [
    ['nothing grows', amounts(1000, 1000), amounts(1000, 1000), amounts(0, 0), undefined],
    ['it grows into free room', amounts(1000, 1000), amounts(4000, 4096), amounts(0, 0), undefined],
    [
      'it grows into what others have',
      amounts(1000, 1000),
      amounts(3000, 1000),
      amounts(2000, 0),
      "Deferred: Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000",
    ],
    [
      'it outgrows the machine',
      amounts(1000, 1000),
      amounts(5000, 1000),
      amounts(4000, 0),
      "Infeasible: Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000",
    ],
    [
      'memory is named first when the machine is too small',
      amounts(1000, 1000),
      amounts(5000, 5000),
      amounts(0, 0),
      "Infeasible: Node didn't have enough capacity: memory, requested: 5000, capacity: 4096",
    ],
    ['it shrinks on a machine that is overfull', amounts(3000, 9000), amounts(1000, 9000), amounts(4000, 0), undefined],
  ];
  for (const [name, before, wanted, others, pending] of rows) {
    it(`${name}: ${pending?.split(':')[0] ?? 'granted'}`, () => {
      const found = resizePending(before, wanted, others, ROOM);
      assert.equal(found && `${found.reason}: ${found.message}`, pending);
    });
  }
});
