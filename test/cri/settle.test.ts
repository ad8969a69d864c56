import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cri, CriError } from '../../src/cri/port.ts';
import { createSettler } from '../../src/cri/settle.ts';
import { createClock } from './clock.ts';

type Answer = string | 'not-found' | 'unavailable';

/** A runtime whose answers are what `states` says, container by container, call by call; the last one stays. */
function fakeCri(containers: Record<string, Answer[]>, sandboxes: Record<string, Answer[]> = {}) {
  const asked: string[] = [];
  const answer = (of: Record<string, Answer[]>, call: string) => async (id: string) => {
    asked.push(`${call} ${id}`);
    const states = of[id] ?? ['not-found'];
    const state = states.length > 1 ? states.shift() : states[0];
    if (state === 'not-found' || state === 'unavailable') throw new CriError(state, call, state);
    return { id, state };
  };
  const cri = {
    containerStatus: answer(containers, 'container'),
    podSandboxStatus: answer(sandboxes, 'sandbox'),
  } as unknown as Cri;
  return { cri, asked };
}

/** Lets every promise that can go on do so. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('the end is told when the status has changed, asked for after 5 ms, 10 ms and then every 20 ms', async () => {
  const clock = createClock();
  const told: string[] = [];
  const { cri, asked } = fakeCri({ c: ['running', 'running', 'running', 'running', 'exited'] });
  createSettler(cri, clock, new AbortController().signal, (id) => told.push(id)).add('c');
  for (const [index, waitMs] of [5, 10, 20, 20].entries()) {
    await settled();
    assert.equal(asked.length, index + 1);
    assert.deepEqual([told, clock.pending()], [[], [waitMs]]);
    clock.advance(waitMs);
  }
  await settled();
  assert.deepEqual([told, asked.length, clock.pending()], [['c'], 5, []]);
});

test('an unknown container may be a sandbox', async () => {
  const clock = createClock();
  const told: string[] = [];
  const { cri, asked } = fakeCri({}, { s: ['ready', 'notready'] });
  createSettler(cri, clock, new AbortController().signal, (id) => told.push(id)).add('s');
  await settled();
  assert.deepEqual(told, []);
  clock.advance(5);
  await settled();
  assert.deepEqual(told, ['s']);
  assert.deepEqual(asked, ['container s', 'sandbox s', 'container s', 'sandbox s']);
});

test('what is gone, or cannot be asked about, is told at once', async () => {
  const told: string[] = [];
  const { cri } = fakeCri({ away: ['unavailable'] }, { asleep: ['unavailable'] });
  const settler = createSettler(cri, createClock(), new AbortController().signal, (id) => told.push(id));
  for (const id of ['gone', 'away', 'asleep']) settler.add(id);
  await settled();
  await settled();
  assert.deepEqual(told, ['gone', 'away', 'asleep']);
});

test('patience ends after a second', async () => {
  const clock = createClock();
  const told: string[] = [];
  const { cri } = fakeCri({ c: ['running'] });
  createSettler(cri, clock, new AbortController().signal, (id) => told.push(id)).add('c');
  for (let waitedMs = 0; waitedMs < 1000; ) {
    await settled();
    assert.deepEqual(told, [], `${waitedMs} ms`);
    const [nextMs = 0] = clock.pending();
    waitedMs += nextMs;
    clock.advance(nextMs);
  }
  await settled();
  assert.deepEqual([told, clock.pending()], [['c'], []]);
});

test('containers that end together are asked about in turn, each told once, and later ones too', async () => {
  const clock = createClock();
  const told: string[] = [];
  const { cri, asked } = fakeCri({ a: ['running', 'exited'], b: ['exited'], c: ['exited'] });
  const settler = createSettler(cri, clock, new AbortController().signal, (id) => told.push(id));
  settler.add('a');
  settler.add('b');
  settler.add('b');
  await settled();
  clock.advance(5);
  await settled();
  settler.add('c');
  await settled();
  assert.deepEqual(told.sort(), ['a', 'b', 'c']);
  assert.equal(asked.length, 4);
});

test('after the signal nothing is asked and nothing is told', async () => {
  const clock = createClock();
  const stop = new AbortController();
  const told: string[] = [];
  const { cri, asked } = fakeCri({ c: ['running', 'exited'] });
  createSettler(cri, clock, stop.signal, (id) => told.push(id)).add('c');
  await settled();
  stop.abort();
  await settled();
  assert.deepEqual([told, asked, clock.pending()], [[], ['container c'], []]);
});

test('beyond its limit the end is told without asking', () => {
  const told: string[] = [];
  const { cri } = fakeCri({});
  const settler = createSettler(cri, createClock(), new AbortController().signal, (id) => told.push(id));
  for (let index = 0; index <= 1000; index += 1) settler.add(`c${index}`);
  assert.deepEqual(told, ['c1000']);
});
