import assert from 'node:assert/strict';
import http from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { type MetadataRequest, NoAnswer, request } from '../../src/metadata/request.ts';
import { Service } from '../../src/metadata/service.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';
import { testEnv } from './env.ts';
import { type Answers, metadataServer } from './server.ts';

function ask(base: string, more: Partial<MetadataRequest> = {}) {
  return request({ base, path: '/x', env: testEnv(), signal: new AbortController().signal, ...more });
}

test('any status is an answer, and a redirect is not followed', async (t) => {
  const { base, asked } = await metadataServer(t, () => ({ status: 302, headers: { location: '/y' }, body: 'b' }));
  const { status, body } = await ask(base);
  assert.deepEqual([status, Buffer.from(body).toString()], [302, 'b']);
  assert.deepEqual(asked, ['GET /x']);
});

const BROKEN: [string, Answers, Partial<MetadataRequest>, RegExp][] = [
  ['a silent service', () => ({ silent: true }), { timeoutMs: 50 }, /no answer within 50 ms/],
  ['an answer cut short', () => ({ body: 'abc', cut: true }), {}, /ended early|aborted|hang up/],
  ['an answer without end', () => ({ body: Buffer.alloc(1024 * 1024 + 1) }), {}, /larger than 1048576 bytes/],
];

for (const [what, answers, options, message] of BROKEN) {
  test(`${what} ends in NoAnswer`, async (t) => {
    const { base } = await metadataServer(t, answers);
    await assert.rejects(ask(base, options), (error) => error instanceof NoAnswer && message.test(error.message));
  });
}

test('a port where nothing listens is NoAnswer with its code', async () => {
  await assert.rejects(ask('http://127.0.0.1:1'), { name: 'NoAnswer', code: 'ECONNREFUSED' });
});

test('a request that is stopped ends at once', async (t) => {
  const { base } = await metadataServer(t, () => ({ silent: true }));
  const stop = new AbortController();
  const asking = ask(base, { signal: stop.signal });
  stop.abort();
  await assert.rejects(asking, /stopped/);
});

test('the environment cannot send it through a proxy', async (t) => {
  const { base } = await metadataServer(t, () => 'direct');
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  Object.assign(process.env, {
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: 'http://127.0.0.1:1',
    http_proxy: 'http://127.0.0.1:1',
  });
  assert.equal(Buffer.from((await ask(base)).body).toString(), 'direct');
});

test('a Unix socket is asked as well', async (t) => {
  const path = join(await temporaryDirectory(t), 'sock');
  const server = http.createServer((_, response) => response.end('here')).listen(path);
  t.after(() => server.close());
  assert.equal(Buffer.from((await ask(`unix:${path}`)).body).toString(), 'here');
});

test('the bases are tried in order, and the one that answers is kept', async (t) => {
  const { base, asked } = await metadataServer(t, () => 'x');
  const env = testEnv();
  const service = new Service(['http://127.0.0.1:1', base], env, new AbortController().signal);
  await service.ask('/a');
  await service.ask('/b');
  assert.deepEqual(asked, ['GET /a', 'GET /b']);
  const none = new Service(['http://127.0.0.1:1', 'http://127.0.0.1:2'], env, new AbortController().signal);
  await assert.rejects(none.ask('/a'), {
    name: 'MetadataError',
    message: /127\.0\.0\.1:1\/a: .*; http:\/\/127\.0\.0\.1:2\/a: /,
  });
});
