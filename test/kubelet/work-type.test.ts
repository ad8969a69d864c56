import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action } from '../../src/kubelet/plan/types.ts';
import { workType } from '../../src/kubelet/work-type.ts';

test('the kind of work is told by what the chain does', () => {
  const of = (...kinds: Action['kind'][]) => workType(kinds.map((kind) => ({ kind }) as Action));
  assert.equal(of('prepare-pod', 'run-sandbox', 'create-container', 'start-container'), 'create');
  assert.equal(of('stop-sandbox', 'remove-sandbox', 'prepare-pod', 'run-sandbox'), 'create');
  assert.equal(of('stop-sandbox'), 'kill');
  assert.equal(of('remove-sandbox', 'release-pod'), 'kill');
  assert.equal(of('prepare-pod', 'create-container', 'start-container'), 'sync');
  assert.equal(of('remove-container'), 'sync');
  for (const aside of ['pull-image', 'run-hook', 'stop-container'] as const) assert.equal(of(aside), undefined);
});
