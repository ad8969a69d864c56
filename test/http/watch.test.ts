import assert from 'node:assert/strict';
import http from 'node:http';
import { afterEach, beforeEach, test } from 'node:test';
import type { PodView } from '../../src/kubelet/published.ts';
import { AS_TABLE, call, serve, type TestEndpoint } from './endpoint.ts';
import { podView, published } from './fixture.ts';

interface WatchEvent {
  type: string;
  object: {
    kind: string;
    code?: number;
    metadata: { name?: string; resourceVersion: string; annotations?: Record<string, string> };
    rows?: { cells: string[] }[];
  };
}

let endpoint: TestEndpoint;
beforeEach(async () => {
  endpoint = await serve(published([pod('a', 1), pod('b', 1)]));
});
afterEach(() => endpoint.close());

function pod(name: string, version: number, labels: Record<string, string> = { app: name }): PodView {
  return podView(name, { version: String(version), labels });
}

const list = async () => JSON.parse((await call(endpoint, '/api/v1/pods')).text).metadata.resourceVersion as string;

/** A watch and what came of it so far. */
async function watch(query: string, headers: Record<string, string> = {}, resource = 'pods') {
  const events: WatchEvent[] = [];
  let ended = false;
  let wake = () => {};
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const path = `/api/v1/${resource}?watch=true&${query}`;
    http.get({ host: '127.0.0.1', port: endpoint.port, path, headers, agent: false }, resolve).on('error', reject);
  });
  let rest = '';
  response.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    events.push(...lines.map((line): WatchEvent => JSON.parse(line)));
    wake();
  });
  response.on('close', () => {
    ended = true;
    wake();
  });
  response.on('error', () => undefined);
  const until = async (done: () => boolean) => {
    while (!done()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    status: response.statusCode,
    /** Type and name of the first `count` events, once they are here. */
    async first(count: number) {
      await until(() => events.length >= count || ended);
      return events
        .slice(0, count)
        .map(({ type, object }) =>
          `${type} ${object.metadata?.name ?? object.rows?.[0]?.cells[0] ?? object.code ?? ''}`.trim(),
        );
    },
    end: () => until(() => ended),
    leave: () => response.destroy(),
    events,
  };
}

test('a watch without a version begins with what there is and goes on with each change', async () => {
  for (const query of ['', 'resourceVersion=', 'resourceVersion=0']) {
    endpoint.publish(published([pod('a', 1), pod('b', 1)]));
    const watching = await watch(query);
    assert.deepEqual(await watching.first(2), ['ADDED a-node-1', 'ADDED b-node-1']);
    endpoint.publish(published([pod('b', 2), pod('c', 1)]));
    const changes = (await watching.first(5)).slice(2).sort();
    assert.deepEqual(changes, ['ADDED c-node-1', 'DELETED a-node-1', 'MODIFIED b-node-1']);
    watching.leave();
  }
});

test('a watch goes on from the version of a list without losing a change in between', async () => {
  const version = await list();
  endpoint.publish(published([pod('a', 2), pod('b', 1)]));
  endpoint.publish(published([pod('a', 3), pod('b', 1)]));
  const watching = await watch(`resourceVersion=${version}`);
  endpoint.publish(published([pod('a', 3)]));
  assert.deepEqual(await watching.first(3), ['MODIFIED a-node-1', 'MODIFIED a-node-1', 'DELETED b-node-1']);
  watching.leave();
});

test('every change has a version of its own, so that a watch cut in the middle of a round loses nothing', async () => {
  const version = await list();
  endpoint.publish(published([pod('a', 2), pod('b', 2), pod('c', 1)]));
  const whole = await watch(`resourceVersion=${version}`);
  await whole.first(3);
  whole.leave();
  const versions = whole.events.map(({ object }) => object.metadata.resourceVersion);
  assert.equal(new Set(versions).size, 3);
  const rest = await watch(`resourceVersion=${versions[0]}`);
  assert.deepEqual(await rest.first(2), ['MODIFIED b-node-1', 'ADDED c-node-1']);
  rest.leave();
  assert.equal(versions.at(-1), await list());
});

test('a round in which nothing changed tells nothing', async () => {
  const version = await list();
  endpoint.publish(published([pod('a', 1), pod('b', 1)]));
  assert.equal(await list(), version);
});

test('with a selector, what stops to match is deleted and what begins to match is added', async () => {
  const watching = await watch('labelSelector=app%3Da');
  assert.deepEqual(await watching.first(1), ['ADDED a-node-1']);
  endpoint.publish(published([pod('a', 2, { app: 'x' }), pod('b', 2, { app: 'a' })]));
  assert.deepEqual((await watching.first(3)).slice(1), ['DELETED a-node-1', 'ADDED b-node-1']);
  endpoint.publish(published([pod('a', 3, { app: 'x' }), pod('b', 3, { app: 'a' })]));
  assert.deepEqual((await watching.first(4)).slice(3), ['MODIFIED b-node-1']);
  watching.leave();
});

test('one name and one namespace can be watched', async () => {
  const watching = await watch('fieldSelector=metadata.name%3Db-node-1');
  assert.deepEqual(await watching.first(1), ['ADDED b-node-1']);
  watching.leave();
  const elsewhere = await watch('allowWatchBookmarks=true', {}, 'namespaces/kube-system/pods');
  endpoint.publish(published([pod('a', 2), podView('z', { namespace: 'kube-system' })]));
  assert.deepEqual(await elsewhere.first(1), ['ADDED z-node-1']);
  elsewhere.leave();
});

test('as a Table each event carries one row', async () => {
  const watching = await watch('', AS_TABLE);
  assert.deepEqual(await watching.first(2), ['ADDED a-node-1', 'ADDED b-node-1']);
  assert.deepEqual(
    watching.events.map(({ object }) => [object.kind, object.rows?.length]),
    [
      ['Table', 1],
      ['Table', 1],
    ],
  );
  watching.leave();
});

test('bookmarks come each minute, and only when asked for', async () => {
  const [asked, unasked] = [await watch('allowWatchBookmarks=true'), await watch('')];
  await Promise.all([asked.first(2), unasked.first(2)]);
  endpoint.env.advance(60_000);
  endpoint.env.advance(60_000);
  assert.deepEqual((await asked.first(4)).slice(2), ['BOOKMARK', 'BOOKMARK']);
  assert.equal(asked.events[2]?.object.kind, 'Pod');
  assert.equal(asked.events[2]?.object.metadata.resourceVersion, await list());
  endpoint.publish(published([pod('a', 2), pod('b', 1)]));
  assert.deepEqual((await unasked.first(3)).slice(2), ['MODIFIED a-node-1']);
  asked.leave();
  unasked.leave();
});

test('a bookmark of a Table is an empty one', async () => {
  const watching = await watch('allowWatchBookmarks=1', AS_TABLE);
  await watching.first(2);
  endpoint.env.advance(60_000);
  await watching.first(3);
  const { type, object } = watching.events[2] ?? {};
  assert.deepEqual([type, object?.kind, object?.rows], ['BOOKMARK', 'Table', []]);
  watching.leave();
});

test('a streaming list ends its beginning with the annotated bookmark', async () => {
  const watching = await watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true');
  assert.deepEqual(await watching.first(3), ['ADDED a-node-1', 'ADDED b-node-1', 'BOOKMARK']);
  assert.deepEqual(watching.events[2]?.object.metadata.annotations, { 'k8s.io/initial-events-end': 'true' });
  watching.leave();
});

test('what cannot be served is refused, never ignored', async () => {
  const cases: [string, number, Record<string, string>?][] = [
    ['sendInitialEvents=true', 422],
    ['resourceVersionMatch=NotOlderThan', 422],
    ['sendInitialEvents=true&resourceVersionMatch=NotOlderThan', 406, AS_TABLE],
    ['resourceVersion=x', 400],
    ['resourceVersion=1', 410],
    ['resourceVersion=99999999999999999999', 410],
    ['timeoutSeconds=-1', 400],
    ['labelSelector=%3D', 400],
  ];
  for (const [query, code, headers] of cases) {
    const answer = await call(endpoint, `/api/v1/pods?watch=1&${query}`, { headers: headers ?? {} });
    assert.deepEqual([answer.status, JSON.parse(answer.text).kind], [code, 'Status'], query);
  }
  const { reason, message } = JSON.parse((await call(endpoint, '/api/v1/pods?watch=1&resourceVersion=1')).text);
  assert.equal(reason, 'Expired');
  assert.equal(message, `too old resource version: 1 (${await list()})`);
});

test('a version that is forgotten is expired', async () => {
  const version = await list();
  for (let round = 2; round < 700; round += 1) endpoint.publish(published([pod('a', round), pod('b', 1)]));
  const answer = await call(endpoint, `/api/v1/pods?watch=1&resourceVersion=${version}`);
  assert.equal(answer.status, 410);
});

test('a watch ends when its time is over, and by itself after a while', async () => {
  const [short, long] = [await watch('timeoutSeconds=5'), await watch('')];
  await Promise.all([short.first(2), long.first(2)]);
  endpoint.env.advance(5000);
  await short.end();
  endpoint.publish(published([pod('b', 1)]));
  assert.deepEqual((await long.first(3)).slice(2), ['DELETED a-node-1']);
  endpoint.env.advance(60 * 60_000);
  await long.end();
});

test('there is a limit on watches, and one that left makes room', async () => {
  const open = await Promise.all(Array.from({ length: 64 }, () => watch('')));
  await Promise.all(open.map((one) => one.first(2)));
  const refused = await call(endpoint, '/api/v1/pods?watch=1');
  assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '1']);
  for (const one of open) one.leave();
  let room = await watch('');
  while (room.status === 429) {
    await room.end();
    room = await watch('');
  }
  assert.deepEqual(await room.first(2), ['ADDED a-node-1', 'ADDED b-node-1']);
  room.leave();
});

test('a client that does not read is told to list again, and dropped', async () => {
  const socket = http.get({ host: '127.0.0.1', port: endpoint.port, path: '/api/v1/pods?watch=1', agent: false });
  const response = await new Promise<http.IncomingMessage>((resolve) => socket.on('response', resolve));
  response.pause();
  const bulk = 'x'.repeat(500_000);
  for (let round = 2; round < 80; round += 1) {
    endpoint.publish(published([podView('a', { version: String(round), annotations: { bulk } })]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  let text = '';
  for await (const chunk of response) text += chunk;
  const last = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');
  assert.deepEqual([last.type, last.object.code, last.object.reason], ['ERROR', 410, 'Expired']);
});

test('closing the endpoint ends its watches in order', async () => {
  const other = endpoint;
  const watching = await watch('');
  await watching.first(2);
  await other.close();
  await watching.end();
  endpoint = await serve();
});

test('nodes, namespaces and events can be watched too', async () => {
  const [nodes, namespaces, events] = [
    await watch('', {}, 'nodes'),
    await watch('', {}, 'namespaces'),
    await watch('', {}, 'events'),
  ];
  await Promise.all([nodes.first(1), namespaces.first(1), events.first(2)]);
  endpoint.events.record({ kind: 'Pod', namespace: 'default', name: 'a-node-1', uid: 'u' }, 'Normal', 'Pulled', 'done');
  const runtime = { ready: false, name: 'containerd', version: '1.6.20', networkReady: false, message: 'no socket' };
  endpoint.publish(published([podView('z', { namespace: 'other' })], { runtime }));
  assert.deepEqual((await nodes.first(2)).slice(1), ['MODIFIED node-1']);
  assert.deepEqual((await namespaces.first(2)).slice(1), ['ADDED other']);
  assert.match((await events.first(3))[2] ?? '', /^ADDED a-node-1\./);
  for (const one of [nodes, namespaces, events]) one.leave();
});
