import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '../../src/kubelet/env.ts';
import { Life } from './agent-life.ts';
import { Clock, silentLog, simEnv } from './env.ts';
import { Random } from './random.ts';

test('timers fire in the order of their instants, and of their making when equal', async () => {
  const clock = new Clock();
  const seen: string[] = [];
  const delays = [30, 10, 20, 10, 0, 30];
  for (const [index, delayMs] of delays.entries()) {
    clock.after(delayMs, () => seen.push(`${delayMs}/${index}@${clock.elapsedMs}`));
  }
  await clock.advance(25);
  assert.deepEqual(seen, ['0/4@0', '10/1@10', '10/3@10', '20/2@20']);
  assert.equal(clock.elapsedMs, 25);
  await clock.advance(5);
  assert.deepEqual(seen.slice(4), ['30/0@30', '30/5@30']);
});

test('many timers come out sorted', async () => {
  const clock = new Clock();
  const random = new Random('heap');
  const seen: number[] = [];
  const delays = Array.from({ length: 500 }, () => random.between(0, 1000));
  for (const delayMs of delays) clock.after(delayMs, () => seen.push(delayMs));
  await clock.advance(1000);
  assert.deepEqual(
    seen,
    delays.toSorted((a, b) => a - b),
  );
});

test('a cancelled timer does not fire, and promises settle between two timers', async () => {
  const clock = new Clock();
  const env = simEnv(clock, new Random('env'), silentLog);
  const seen: string[] = [];
  env.after(5, () => seen.push('cancelled'))();
  void sleep(env, 10)
    .then(() => Promise.resolve())
    .then(() => seen.push('after the first'));
  env.after(10, () => seen.push('second'));
  await clock.advance(10);
  assert.deepEqual(seen, ['after the first', 'second']);
});

test('the wall clock jumps, the steady one does not', () => {
  const clock = new Clock();
  const before = clock.nowMs();
  clock.jumpWall(-3_600_000);
  assert.equal(clock.nowMs() - before, -3_600_000);
  assert.equal(clock.elapsedMs, 0);
});

test('a killed process sees no timer and no answer, and what it had begun outside goes on', async () => {
  const clock = new Clock();
  const life = new Life();
  const env = simEnv(clock, new Random('env'), silentLog, () => life.alive);
  const seen: string[] = [];
  env.after(10, () => seen.push('timer'));
  void life.guard(() => clock.sleep(10).then(() => seen.push('outside'))).then(() => seen.push('answer'));
  life.kill();
  void life.guard(async () => seen.push('a new call'));
  await clock.advance(100);
  assert.deepEqual(seen, ['outside']);
});

test('streams of one seed are alike by label and differ between labels', () => {
  const draw = (seed: string, label: string) => {
    const random = new Random(seed).child(label);
    return [random.next(), random.between(1, 1000), random.chance(0.5)];
  };
  assert.deepEqual(draw('seed', 'a'), draw('seed', 'a'));
  assert.notDeepEqual(draw('seed', 'a'), draw('seed', 'b'));
  assert.notDeepEqual(draw('seed', 'a'), draw('other', 'a'));
});
