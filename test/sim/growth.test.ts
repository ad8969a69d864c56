import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureGrowth } from '../../hack/bench-growth.ts';

test('what changes at one Pod is planned for that Pod alone, however many there are', async () => {
  const few = await measureGrowth(3, 5);
  const many = await measureGrowth(60, 5);
  const planned = ({ exitPlanned, editPlanned, verdictPlanned }: typeof few) => [
    exitPlanned,
    editPlanned,
    verdictPlanned,
  ];
  assert.deepEqual(planned(many), planned(few));
  assert.ok(planned(many).every((count) => count > 0));
});
