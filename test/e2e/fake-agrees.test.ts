import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptOnFake } from '../sim/fake-bench.ts';
import { scriptOnContainerd } from '../sim/real-bench.ts';
import { skip } from './containerd.ts';

test('the fake runtime and a real containerd give the same answers to the same calls', { skip }, async () => {
  const [fake, real] = await Promise.all([scriptOnFake('e2e'), scriptOnContainerd()]);
  assert.deepEqual(fake, real);
});
