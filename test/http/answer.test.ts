/** What is told of requests while they are answered. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import type { Asked } from '../../src/http/message.ts';
import { call, serve } from './endpoint.ts';
import { sampleUsage } from './usage.ts';

/** Counts what is under way, by pattern and whether it is a stream. */
function counting() {
  const now = new Map<string, number>();
  const add = (key: string, by: number) => void now.set(key, (now.get(key) ?? 0) + by);
  return {
    now,
    began: ({ pattern, isStream }: Asked) => {
      const key = `${pattern} ${isStream}`;
      add(key, 1);
      return () => add(key, -1);
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

test('a request is under way from its route on until it is answered', async (t) => {
  const { now, began } = counting();
  let measured = () => {};
  const stats = {
    read: () =>
      new Promise<ReturnType<typeof sampleUsage>>((resolve) => {
        measured = () => resolve(sampleUsage());
      }),
  };
  const endpoint = await serve(undefined, { began, stats });
  t.after(() => endpoint.close());
  const answer = call(endpoint, '/metrics/resource');
  await until(() => now.get('/metrics/resource false') === 1);
  measured();
  assert.equal((await answer).status, 200);
  await until(() => now.get('/metrics/resource false') === 0);
  await call(endpoint, '/nowhere');
  assert.deepEqual([...now.keys()], ['/metrics/resource false'], 'what leads nowhere is not under way');
});

test('a watch is under way as a stream until its client is gone', async (t) => {
  const { now, began } = counting();
  const endpoint = await serve(undefined, { began });
  t.after(() => endpoint.close());
  const { port } = endpoint;
  const request = http.get({ host: '127.0.0.1', port, path: '/api/v1/pods?watch=1', agent: false });
  request.on('error', () => {});
  await until(() => now.get('/api/v1/:resource true') === 1);
  assert.equal(now.get('/api/v1/:resource false'), 0);
  request.destroy();
  await until(() => now.get('/api/v1/:resource true') === 0);
});
