/** A path of the endpoint chooses among what is known and is never a path of the disk. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { logLine, serveFull } from './full.ts';

const UP = [
  '..',
  '../..',
  '../../..',
  '%2e%2e',
  '..%2f..',
  '%2e%2e%2f%2e%2e',
  '..%5c..',
  '..%00',
  '....//',
  '/',
  '%2f',
];

test('no path leads to a file that is not the log of a known container', async (t) => {
  const endpoint = await serveFull();
  t.after(() => endpoint.close());
  const { directory } = endpoint;
  const beside = join(directory, 'logs', 'beside', 'main');
  mkdirSync(beside, { recursive: true });
  for (const place of [directory, join(directory, 'logs'), beside])
    writeFileSync(join(place, '0.log'), logLine(0, 'SECRET'));
  const paths = UP.flatMap((up) => [
    `/containerLogs/${up}/beside/main`,
    `/containerLogs/default/${up}/main`,
    `/containerLogs/default/web-node-1/${up}`,
    `/containerLogs/default/web-node-1/${up}/beside/main`,
    `/logs/${up}`,
    `/logs/${up}/0.log`,
    `/logs/beside/main/0.log`,
    `/api/v1/namespaces/default/pods/${up}/log`,
    `/api/v1/namespaces/${up}/pods/beside/log`,
    `/api/v1/namespaces/default/pods/web-node-1/log?container=${up}`,
    `/api/v1/namespaces/default/pods/web-node-1/log?container=${up}/main`,
    `/${up}/0.log`,
    `/${up}/etc/passwd`,
    `/openapi/v3/${up}/0.log`,
  ]);
  for (const path of new Set(paths)) {
    const { status, text } = await endpoint.get(path);
    assert.ok(status >= 300 && status < 500, `${path}: ${status}`);
    assert.doesNotMatch(text, /SECRET|root:x/, path);
  }
});

test('a link or a pipe where a log should be is not followed', async (t) => {
  const endpoint = await serveFull();
  t.after(() => endpoint.close());
  const secret = join(endpoint.directory, 'secret');
  writeFileSync(secret, logLine(0, 'SECRET'));
  symlinkSync(secret, endpoint.logFile('web', 'main', 0).replace('0.log', '0.log.20260101-000000'));
  const answer = await endpoint
    .get('/api/v1/namespaces/default/pods/web-node-1/log?container=main')
    .catch((error: Error) => ({ text: error.message }));
  assert.doesNotMatch(answer.text, /SECRET/);
});
