import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { realEnv } from '../../hack/env.ts';
import { createCriClient } from '../../src/cri/client.ts';
import type { RuntimeHint } from '../../src/cri/port.ts';
import type { Env } from '../../src/kubelet/env.ts';
import { createClock } from './clock.ts';
import { encode, grpcError, type Script, type Stream, serve, silence, socketDir, until } from './server.ts';

const reconnected: RuntimeHint = { kind: 'reconnected', containerId: '' };
const disconnected: RuntimeHint = { kind: 'disconnected', containerId: '' };

/** A message of containerd's stream, e.g. task('exit', 'TaskExit', { containerId: 'c' }). */
function task(topic: string, type: string, event: object): object {
  const value = encode(`containerd.events.${type}`, event);
  return { namespace: 'k8s.io', topic: `/tasks/${topic}`, event: { type_url: `containerd.events.${type}`, value } };
}

function follow(t: TestContext, endpoints: string[], env: Env) {
  const client = createCriClient({ endpoints, imageEndpoint: '', env });
  const stop = new AbortController();
  const hints: RuntimeHint[] = [];
  const ended = client.events.follow((hint) => hints.push(hint), stop.signal);
  t.after(async () => {
    stop.abort();
    await ended;
    client.close();
  });
  return { hints, events: client.events, stop, ended };
}

/** Remembers the streams of a method and refuses those of the other. */
function recording(only: 'Subscribe' | 'GetContainerEvents', streams: Stream[]): Script {
  const stream = (method: string, one: Stream) => {
    if (method === only) streams.push(one);
    else one.emit('error', grpcError(status.UNIMPLEMENTED, `no ${method}`));
  };
  return { stream };
}

test("containerd's task events become hints, and an exec's do not", async (t) => {
  const streams: Stream[] = [];
  const server = await serve(t, `${await socketDir(t)}/s`, recording('Subscribe', streams));
  const { hints, events } = follow(t, [server.endpoint], createClock());
  await until('the stream stands', () => events.reliable());
  const [stream] = streams;
  assert.ok(stream);
  assert.deepEqual(stream.metadata.get('containerd-namespace'), ['k8s.io']);
  assert.deepEqual(stream.request, { filters: ['namespace==k8s.io,topic~="^/tasks/(start|exit|oom|delete)$"'] });

  const sent: [object, RuntimeHint?][] = [
    [task('start', 'TaskStart', { containerId: 'c', pid: 7 }), { kind: 'started', containerId: 'c' }],
    [task('exit', 'TaskExit', { containerId: 'c', id: 'exec-1', pid: 8 })],
    [task('oom', 'TaskOOM', { containerId: 'c' }), { kind: 'oom', containerId: 'c' }],
    [task('exit', 'TaskExit', { containerId: 'c', id: 'c', exitStatus: 137 }), { kind: 'exited', containerId: 'c' }],
    [
      task('exit', 'TaskExit', {
        ...{ containerId: 'e', id: 'e', exitStatus: 137 },
        exitedAt: { seconds: 1_700_000_000, nanos: 250_000_000 },
      }),
      { kind: 'exited', containerId: 'e', end: { exitCode: 137, finishedAtMs: 1_700_000_000_250 } },
    ],
    [task('delete', 'TaskDelete', { containerId: 'c', id: 'exec-1' })],
    [task('delete', 'TaskDelete', { containerId: 'c' }), { kind: 'deleted', containerId: 'c' }],
    [task('paused', 'TaskExit', { containerId: 'c' })],
    [{ topic: '/tasks/exit' }],
    [{ topic: '/tasks/exit', event: { type_url: 'containerd.events.Later', value: Buffer.from('?') } }],
    [
      {
        ...task('exit', 'TaskExit', {}),
        event: {
          type_url: 'type.googleapis.com/containerd.events.TaskExit',
          value: encode('containerd.events.TaskExit', { containerId: 'd', id: 'd' }),
        },
      },
      { kind: 'exited', containerId: 'd' },
    ],
  ];
  for (const [message] of sent) stream.write(message);
  const expected = [reconnected, ...sent.flatMap(([, hint]) => hint ?? [])];
  await until('the hints', () => hints.length >= expected.length);
  // `deleted` waits for an answer about the container.
  const sorted = (list: RuntimeHint[]) => list.map((hint) => JSON.stringify(hint)).sort();
  assert.deepEqual(sorted(hints), sorted(expected));
});

test('a message that cannot be decoded costs nothing but itself', async (t) => {
  const streams: Stream[] = [];
  const server = await serve(t, `${await socketDir(t)}/s`, recording('Subscribe', streams));
  const { hints, events } = follow(t, [server.endpoint], createClock());
  await until('the stream stands', () => events.reliable());
  streams[0]?.write({
    topic: '/tasks/exit',
    event: { type_url: 'containerd.events.TaskExit', value: Buffer.from([0xff, 0xff]) },
  });
  streams[0]?.write(task('exit', 'TaskExit', { containerId: 'c', id: 'c' }));
  await until('the hint', () => hints.some(({ kind }) => kind === 'exited'));
  assert.deepEqual(hints, [reconnected, { kind: 'exited', containerId: 'c' }]);
});

test("without containerd's service, CRI's container events are followed", async (t) => {
  const streams: Stream[] = [];
  const server = await serve(t, `${await socketDir(t)}/s`, recording('GetContainerEvents', streams));
  const { hints, events } = follow(t, [server.endpoint], createClock());
  await until('a stream stands', () => events.reliable() && streams.length > 0);
  hints.length = 0;
  const types = ['CREATED', 'STARTED', 'STOPPED', 'DELETED'];
  for (const type of types) streams[0]?.write({ containerId: 'c', containerEventType: `CONTAINER_${type}_EVENT` });
  streams[0]?.write({ containerId: 'c', containerEventType: 9 });
  streams[0]?.write({ containerId: 'last', containerEventType: 'CONTAINER_STARTED_EVENT' });
  await until('the last hint', () => hints.at(-1)?.containerId === 'last');
  await until('both ends', () => hints.filter(({ kind }) => kind === 'deleted').length >= 1);
  assert.deepEqual([...new Set(hints.map(({ kind, containerId }) => `${kind} ${containerId}`))].sort(), [
    'created c',
    'deleted c',
    'started c',
    'started last',
  ]);
});

test('with no stream on offer nothing is reliable, and another look is taken a minute later', async (t) => {
  const clock = createClock();
  const socket = `${await socketDir(t)}/s`;
  let offered = false;
  const stream = (method: string, one: Stream) => {
    if (!offered) one.emit('error', grpcError(status.UNIMPLEMENTED, `no ${method}`));
  };
  const server = await serve(t, socket, { stream });
  const { events } = follow(t, [server.endpoint], clock);
  await until('the wait of a minute', () => clock.pending().includes(60_000));
  assert.equal(events.reliable(), false);
  offered = true;
  clock.advance(60_000);
  await until('the stream stands', () => events.reliable());
});

test('a lost stream is told, is no longer reliable, and is followed again with a hint to look', async (t) => {
  const streams: Stream[] = [];
  const socket = `${await socketDir(t)}/s`;
  const server = await serve(t, socket, recording('Subscribe', streams));
  const { hints, events } = follow(t, [server.endpoint], realEnv());
  await until('the stream stands', () => events.reliable());
  server.kill();
  await until('the loss is told', () => hints.length === 2);
  assert.deepEqual(hints, [reconnected, disconnected]);
  assert.equal(events.reliable(), false);

  await serve(t, socket, recording('Subscribe', streams));
  await until('it stands again', () => events.reliable());
  assert.deepEqual(hints, [reconnected, disconnected, reconnected]);
  assert.equal(streams.length, 2);
});

test('a stream that the runtime ends without an error is opened again', async (t) => {
  const streams: Stream[] = [];
  const server = await serve(t, `${await socketDir(t)}/s`, recording('Subscribe', streams));
  const { hints, events } = follow(t, [server.endpoint], realEnv());
  await until('the stream stands', () => events.reliable());
  streams[0]?.end();
  await until('the second stream stands', () => streams.length === 2 && events.reliable());
  assert.deepEqual(hints, [reconnected, disconnected, reconnected]);
});

test('waits between attempts double from 100 ms to 5 s, and begin anew after a stream that stood', async (t) => {
  const clock = createClock();
  const streams: Stream[] = [];
  const server = await serve(t, `${await socketDir(t)}/s`, recording('Subscribe', streams));
  const { events } = follow(t, [server.endpoint], clock);
  const waits: number[] = [];
  const lose = async (standsMs: number) => {
    await until('the stream stands', () => events.reliable());
    clock.advance(standsMs);
    streams.at(-1)?.end();
    await until('it is lost', () => !events.reliable() && clock.pending().length === 1);
    waits.push(...clock.pending());
    clock.advance(clock.pending()[0] ?? 0);
  };
  for (let round = 0; round < 8; round += 1) await lose(9_999);
  await lose(10_000);
  assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 100]);
});

test('a runtime that hangs with its connection open is noticed', async (t) => {
  const clock = createClock();
  const streams: Stream[] = [];
  let hung = false;
  const unary = () => (hung ? silence() : {});
  const server = await serve(t, `${await socketDir(t)}/s`, { ...recording('Subscribe', streams), unary });
  const { hints, events } = follow(t, [server.endpoint], clock);
  await until('the stream stands', () => events.reliable());
  const asked = server.calls.length;
  clock.advance(30_000);
  await until('a heartbeat arrives', () => server.calls.length > asked);
  await until('and is answered', () => clock.pending().join() === '30000');
  assert.equal(events.reliable(), true);

  hung = true;
  clock.advance(30_000);
  await until('the next one arrives', () => server.calls.length > asked + 1);
  const cancelled = new Promise((resolve) => streams[0]?.once('cancelled', resolve));
  clock.advance(10_000);
  await until('the stream is given up', () => !events.reliable());
  await cancelled;
  assert.deepEqual(hints, [reconnected, disconnected]);

  hung = false;
  clock.advance(100);
  await until('it stands again', () => events.reliable());
});

test('a taker that throws loses its hint only, and the log says so', async (t) => {
  const errors: unknown[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: (fields: unknown) => errors.push(fields) };
  const streams: Stream[] = [];
  const server = await serve(t, `${await socketDir(t)}/s`, recording('Subscribe', streams));
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: createClock(log) });
  const stop = new AbortController();
  const ended = client.events.follow(() => {
    throw new Error('not now');
  }, stop.signal);
  await until('the stream stands', () => client.events.reliable());
  streams[0]?.write(task('exit', 'TaskExit', { containerId: 'c', id: 'c' }));
  await until('both failures are logged', () => errors.length === 2);
  assert.equal(client.events.reliable(), true);
  stop.abort();
  await ended;
  client.close();
});

test('following ends when its signal aborts, in whatever state it is', async (t) => {
  const dir = await socketDir(t);
  const streams: Stream[] = [];
  const server = await serve(t, `${dir}/s`, recording('Subscribe', streams));
  await t.test('while the stream stands', async (t) => {
    const { events, stop, ended, hints } = follow(t, [server.endpoint], createClock());
    await until('the stream stands', () => events.reliable());
    stop.abort();
    await ended;
    assert.equal(events.reliable(), false);
    assert.deepEqual(hints, [reconnected]);
  });
  await t.test('while it waits to try again', async (t) => {
    const clock = createClock();
    const { stop, ended } = follow(t, [`unix://${dir}/none`], clock);
    await until('the wait', () => clock.pending().length === 1);
    stop.abort();
    await ended;
    assert.deepEqual(clock.pending(), []);
  });
  await t.test('before it begins', async () => {
    const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: createClock() });
    const hints: RuntimeHint[] = [];
    await client.events.follow((hint) => hints.push(hint), AbortSignal.abort());
    assert.deepEqual(hints, []);
    client.close();
  });
});
