import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { keptParts, rotationStamp } from '../../../src/kubelet/logs/rotation-plan.ts';

const part = (day: number, ending = '') => `0.log.202601${String(day).padStart(2, '0')}-000000${ending}`;

describe('the parts of a log, when it is rotated', () => {
  const rows: { name: string; names: string[]; maxFiles?: number; remove: string[]; compress: string[] }[] = [
    { name: 'are none at first', names: [], remove: [], compress: [] },
    { name: 'are compressed', names: [part(1, '.gz'), part(2)], remove: [], compress: [part(2)] },
    {
      name: 'leave room for the current file and its successor',
      names: [part(1, '.gz'), part(2, '.gz'), part(3, '.gz'), part(4)],
      remove: [part(1, '.gz')],
      compress: [part(4)],
    },
    {
      name: 'all go when two files are kept',
      names: [part(1, '.gz'), part(2)],
      maxFiles: 2,
      remove: [part(1, '.gz'), part(2)],
      compress: [],
    },
    {
      name: 'of an interrupted compression begin anew',
      names: [part(1), part(1, '.tmp')],
      remove: [part(1, '.tmp')],
      compress: [part(1)],
    },
    {
      name: 'that are compressed are not kept plain too',
      names: [part(1), part(1, '.gz')],
      remove: [part(1)],
      compress: [],
    },
    { name: 'leave alone what is none of them', names: ['0.log.bak', '0.log.20260101'], remove: [], compress: [] },
  ];
  for (const { name, names, maxFiles = 5, remove, compress } of rows) {
    it(name, () => {
      const kept = keptParts(names, maxFiles);
      assert.deepEqual({ remove: kept.remove, compress: kept.compress }, { remove, compress });
    });
  }
});

describe('the stamp of a part', () => {
  it('is the time in UTC', () =>
    assert.equal(rotationStamp(Date.parse('2026-02-03T04:05:06.7Z'), ''), '20260203-040506'));
  it('is later than that of the part before, whatever the clock says', () => {
    assert.equal(rotationStamp(0, '20260203-235959'), '20260204-000000');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 4e12 }), (a, b) => {
        const first = rotationStamp(a, '');
        assert.ok(rotationStamp(b, first) > first);
      }),
    );
  });
});
