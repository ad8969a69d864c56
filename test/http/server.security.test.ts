/** What somebody tries who means harm, on the listener that has everything to lose. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type Call, call, testEnv } from './endpoint.ts';
import { type FullEndpoint, logLine, serveFull } from './full.ts';

const BAIT = 'bait-that-nobody-may-read';

let full: FullEndpoint;
before(async () => {
  full = await serveFull();
  writeFileSync(join(full.directory, 'secret'), logLine(0, BAIT));
  writeFileSync(join(full.directory, 'logs', '0.log'), logLine(0, BAIT));
});
after(() => full.close());

const UP = ['..', '../..', '../../..', '.', '', '/', '%2e%2e', '..%2f..', '..%5c..', '%252e%252e', '..;', '~', '\\..'];
const TARGETS = ['secret', '0.log', 'etc/passwd'];

test('no path and no name leads out of the logs of the Pods', async () => {
  for (const up of UP) {
    for (const target of TARGETS) {
      const paths = [
        `/containerLogs/default/web-node-1/${up}/${target}`,
        `/containerLogs/default/${up}/${target}`,
        `/containerLogs/${up}/web-node-1/${target}`,
        `/containerLogs/default/web-node-1/${encodeURIComponent(`${up}/${target}`)}`,
        `/api/v1/namespaces/default/pods/${up}/${target}/log`,
        `/api/v1/namespaces/default/pods/web-node-1/log?container=${encodeURIComponent(`${up}/${target}`)}`,
        `/api/v1/nodes/node-1/proxy/${up}/${target}`,
        `/api/v1/nodes/node-1/proxy/containerLogs/default/web-node-1/${up}/${target}`,
        `/logs/${up}/${target}`,
        `/${up}/${target}`,
      ];
      for (const path of paths) {
        const { status, text } = await full.get(path);
        assert.ok(!text.includes(BAIT) && !text.includes('root:'), path);
        assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
      }
    }
  }
});

test('without the token nothing is told but that the agent is well, however one asks', async () => {
  const ca = { tls: { ca: full.cert } };
  for (const path of ['/healthz', '/livez']) assert.equal((await call(full, path, ca)).status, 200);
  const paths = [
    '/',
    '/pods',
    '/metrics',
    '/nothing',
    '/api/v1/nodes/node-1/proxy/healthz',
    '//healthz',
    '/healthz/../pods',
    '/%68ealthz/../configz',
    '/configz?healthz',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
      const { status } = await call(full, path, { ...ca, method });
      assert.ok([401, 404].includes(status), `${method} ${path}: ${status}`);
      if (status === 404) assert.match(path, /\.\.|\/\//);
    }
  }
  const tokens = ['', full.token.slice(0, -1), `${full.token}x`, full.token.toUpperCase(), 'null', '\u00ff'.repeat(43)];
  for (const token of tokens) {
    const headers = { Authorization: `Bearer ${token}` };
    assert.equal((await call(full, '/pods', { ...ca, headers })).status, 401);
  }
  assert.equal((await call(full, `/pods?token=${full.token}`, ca)).status, 401);
  assert.equal((await call(full, '/pods', { ...ca, headers: { Authorization: `Basic ${full.token}` } })).status, 401);
});

test('whoever has the token gets an answer to anything, and no fault of ours', async () => {
  const part = fc.oneof(
    fc.constantFrom(
      ...['api', 'v1', 'pods', 'nodes', 'node-1', 'proxy', 'namespaces', 'default', 'web-node-1', 'log', 'status'],
      ...['containerLogs', 'main', 'stats', 'summary', 'metrics', 'cadvisor', 'openapi', 'v2', 'v3', 'apis', 'watch'],
      ...['authorization.k8s.io', 'selfsubjectaccessreviews', 'rower', 'explain', '..', '%00', '%2f', '__proto__'],
    ),
    fc.string({ maxLength: 6 }).map(encodeURIComponent),
  );
  const name = fc.constantFrom(
    ...['labelSelector', 'fieldSelector', 'limit', 'continue', 'container', 'tailLines', 'sinceTime', 'sinceSeconds'],
    ...['limitBytes', 'stream', 'previous', 'timestamps', 'pod', 'q', 'verbose', 'exclude', 'resourceVersion', 'tail'],
  );
  const value = fc.oneof(fc.string({ maxLength: 10 }), fc.integer().map(String), fc.constantFrom('true', '-1', '1e9'));
  const request = fc.record({
    method: fc.constantFrom('GET', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'),
    path: fc.array(part, { maxLength: 8 }),
    query: fc.array(fc.tuple(name, value), { maxLength: 3 }),
    upgrade: fc.boolean(),
    type: fc.constantFrom('', 'application/json', 'application/vnd.kubernetes.protobuf', 'text/html'),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.concat([Buffer.from('k8s\0'), bytes])),
      fc.json().map((text) => Buffer.from(text)),
    ),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, query, upgrade, type, body }) => {
      const headers = {
        Accept: type || '*/*',
        ...(type && { 'Content-Type': type }),
        ...(upgrade && { Connection: 'Upgrade', Upgrade: 'websocket' }),
      };
      const sent: Call = { method, headers, ...(method === 'GET' || method === 'HEAD' ? {} : { body }) };
      const { status, text } = await full.get(`/${path.join('/')}?${new URLSearchParams(query)}`, sent);
      assert.ok(status < 500, `${status} ${text}`);
    }),
    { numRuns: 300 },
  );
  assert.equal((await full.get('/healthz')).text, 'ok');
});

test('who follows a log and takes nothing of it is cut off', async () => {
  const env = testEnv();
  let isCut = false;
  const observe = () => {
    isCut = true;
  };
  const own = await serveFull({ env, observe });
  try {
    const many = logLine(1, 'x'.repeat(10_000)).repeat(2000);
    writeFileSync(own.logFile('solo', 'main', 0), many);
    const path = '/api/v1/namespaces/default/pods/solo-node-1/log?follow=1';
    const request = https.get(`${own.url}${path}`, {
      ca: own.cert,
      headers: { Authorization: `Bearer ${own.token}` },
      agent: false,
    });
    const response = await new Promise<http.IncomingMessage>((resolve) => request.on('response', resolve));
    response.on('error', () => undefined);
    response.pause();
    while (!isCut) {
      await new Promise((resolve) => setImmediate(resolve));
      env.advance(1000);
    }
    response.destroy();
  } finally {
    const closed = own.close();
    env.advance(10_000);
    await closed;
  }
});
