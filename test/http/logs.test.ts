import assert from 'node:assert/strict';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { after, before, beforeEach, test } from 'node:test';
import { testEnv } from './endpoint.ts';
import { type FullEndpoint, logLine, serveFull, WEB_LOG } from './full.ts';

let endpoint: FullEndpoint;
before(async () => {
  endpoint = await serveFull();
});
beforeEach(() => {
  endpoint.down = false;
});
after(() => endpoint.close());

const path = (pod: string, query = '') => `/api/v1/namespaces/default/pods/${pod}-node-1/log${query && `?${query}`}`;

test('a log is what the container wrote, in any part and form that is asked for', async () => {
  const cases: [string, string, string][] = [
    ['solo', '', 'alone\n'],
    ['solo', 'container=main', 'alone\n'],
    ['web', 'container=main', WEB_LOG],
    ['web', 'container=side', 'beside\noops\n'],
    ['web', 'container=side&stream=Stderr', 'oops\n'],
    ['web', 'container=side&stream=All', 'beside\noops\n'],
    ['web', 'container=main&tailLines=2', 'two\nthree\n'],
    ['web', 'container=main&tailLines=0', ''],
    ['web', 'container=main&limitBytes=5', 'one\nt'],
    ['web', 'container=main&sinceTime=2026-01-01T00:00:01Z', 'two\nthree\n'],
    ['web', 'container=main&sinceSeconds=999999999', WEB_LOG],
    ['web', 'container=main&timestamps=true&tailLines=1', '2026-01-01T00:00:02.000000000Z three\n'],
    ['loop', '', 'second life\n'],
    ['loop', 'previous=true', 'second life\n'],
  ];
  for (const [pod, query, expected] of cases) {
    const { status, headers, text } = await endpoint.get(path(pod, query));
    assert.deepEqual([status, headers['content-type'], text], [200, 'text/plain', expected], query);
  }
});

test('what is no log is said in the words of Kubernetes', async () => {
  const cases: [string, string, number, string][] = [
    ['nope', '', 404, 'pods "nope-node-1" not found'],
    [
      'web',
      '',
      400,
      'a container name must be specified for pod web-node-1, choose one of: [main side] or one of the init containers: [setup]',
    ],
    ['web', 'container=x', 400, 'container x is not valid for pod web-node-1'],
    ['web', 'container=setup', 400, 'container "setup" in pod "web-node-1" is not available'],
    ['web', 'container=main&previous=true', 400, 'previous terminated container "main" in pod "web-node-1" not found'],
    ['pull', '', 400, 'container "main" in pod "pull-node-1" is waiting to start: image can\'t be pulled'],
    ['solo', 'tailLines=x', 400, 'tailLines: "x" is not a whole number'],
    ['solo', 'sinceTime=yesterday', 400, 'sinceTime: "yesterday" is not an RFC 3339 time'],
    [
      'solo',
      'tailLines=-1',
      422,
      'PodLogOptions "solo-node-1" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
    ],
    [
      'solo',
      'sinceSeconds=0',
      422,
      'PodLogOptions "solo-node-1" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0',
    ],
    [
      'solo',
      'limitBytes=0',
      422,
      'PodLogOptions "solo-node-1" is invalid: limitBytes: Invalid value: 0: must be greater than 0',
    ],
    [
      'solo',
      'sinceSeconds=1&sinceTime=2026-01-01T00:00:01Z',
      422,
      'PodLogOptions "solo-node-1" is invalid: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    ],
    [
      'solo',
      'stream=Both',
      422,
      'PodLogOptions "solo-node-1" is invalid: stream: Invalid value: "Both": supported values: "All", "Stdout", "Stderr"',
    ],
  ];
  for (const [pod, query, code, message] of cases) {
    const { status, text } = await endpoint.get(path(pod, query));
    assert.deepEqual([status, JSON.parse(text).message], [code, message]);
  }
});

test('a runtime that is away is an answer to try again, and one that has forgotten the container is none', async () => {
  endpoint.down = true;
  const away = await endpoint.get(path('solo'));
  assert.deepEqual([away.status, JSON.parse(away.text).reason], [503, 'ServiceUnavailable']);
  endpoint.down = false;
  const { status, text } = await endpoint.get(path('gone'));
  const message = 'the log of container "main" in pod "gone-node-1" is gone: the runtime knows it no more';
  assert.deepEqual([status, JSON.parse(text).message], [400, message]);
});

test('the kubelet’s own path gives the same log, and its own words', async () => {
  const cases: [string, number, string][] = [
    ['web-node-1/main', 200, WEB_LOG],
    ['web-node-1/main?tail=1', 200, 'three\n'],
    ['web-node-1/main?tail=all', 200, WEB_LOG],
    ['web-node-1/x', 404, 'container "x" not found in pod "web-node-1"\n'],
    ['nope/main', 404, 'pod "nope" does not exist\n'],
    ['web-node-1/main?tailLines=-1', 422, '{"message": "Invalid request."}'],
  ];
  for (const [rest, code, expected] of cases) {
    const { status, text } = await endpoint.get(`/containerLogs/default/${rest}`);
    assert.deepEqual([status, text], [code, expected], rest);
  }
});

interface Follower {
  /** Resolves when that has been received. */
  until(text: string): Promise<void>;
  /** Resolves with everything when the server has ended it. */
  readonly whole: Promise<string>;
  readonly status: Promise<number>;
  leave(): void;
}

function follow(url: string): Follower {
  let received = '';
  let changed = () => {};
  const { promise: status, resolve: answered } = Promise.withResolvers<number>();
  const { promise: whole, resolve: ended } = Promise.withResolvers<string>();
  const headers = { Authorization: `Bearer ${endpoint.token}` };
  const request = https.request(`${endpoint.url}${url}`, { ca: endpoint.cert, headers, agent: false }, (response) => {
    answered(response.statusCode ?? 0);
    response.setEncoding('utf8').on('data', (text: string) => {
      received += text;
      changed();
    });
    response.on('error', () => undefined).on('close', () => ended(received));
  });
  request.on('error', () => undefined).end();
  return {
    status,
    whole,
    async until(text) {
      while (!received.includes(text)) await new Promise<void>((resolve) => (changed = resolve));
    },
    leave: () => request.destroy(),
  };
}

test('a followed log goes on until the container has ended', async () => {
  const file = endpoint.logFile('solo', 'main', 0);
  writeFileSync(file, logLine(0, 'alone'));
  const following = follow(path('solo', 'follow=true&tailLines=1'));
  await following.until('alone');
  appendFileSync(file, logLine(1, 'more'));
  await following.until('more');
  endpoint.alive.delete('solo-0');
  appendFileSync(file, logLine(2, 'last words'));
  assert.equal(await following.whole, 'alone\nmore\nlast words\n');
  endpoint.alive.add('solo-0');
});

test('there is a limit on followers, and one who leaves makes room', async () => {
  const followers = Array.from({ length: 32 }, () => follow(path('web', 'container=main&follow=true')));
  for (const one of followers) await one.until('three');
  const refused = await endpoint.get(path('web', 'container=main&follow=true'));
  assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '1']);
  assert.equal((await endpoint.get(path('web', 'container=main'))).status, 200);
  followers[0]?.leave();
  let again: Follower;
  do again = follow(path('web', 'container=main&follow=true'));
  while ((await again.status) === 429);
  await again.until('three');
  for (const one of [...followers, again]) one.leave();
});

test('a client that takes nothing for a minute is cut off', async () => {
  const env = testEnv();
  const answered: boolean[] = [];
  const own = await serveFull({ env, observe: ({ isStream }) => void answered.push(isStream) });
  try {
    writeFileSync(own.logFile('solo', 'main', 0), logLine(0, 'x'.repeat(1000)).repeat(20_000));
    const headers = { Authorization: `Bearer ${own.token}` };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      https.get(`${own.url}${path('solo')}`, { ca: own.cert, headers, agent: false }, resolve).on('error', reject);
    });
    response.on('error', () => undefined);
    while (answered.length === 0) {
      env.advance(60_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(answered, [true]);
    await new Promise((resolve) => response.resume().on('close', resolve));
    assert.equal(response.complete, false);
  } finally {
    await own.close();
  }
});

test('followers are ended in order when the agent stops', async () => {
  const own = await serveFull();
  const { token, cert, url } = own;
  const ended = new Promise<boolean>((resolve, reject) => {
    const options = { ca: cert, headers: { Authorization: `Bearer ${token}` }, agent: false };
    https
      .get(`${url}${path('solo', 'follow=1')}`, options, (response) => {
        response.once('data', () => void own.close());
        response.resume().on('close', () => resolve(response.complete));
      })
      .on('error', reject);
  });
  assert.equal(await ended, true);
});

test('a log whose file is gone is empty', async () => {
  rmSync(endpoint.logFile('loop', 'main', 1));
  const { status, text } = await endpoint.get(path('loop'));
  assert.deepEqual([status, text], [200, '']);
});
