import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHealthz } from '../../src/http/healthz.ts';
import { call, testEnv } from './endpoint.ts';

test('the health port tells whether the agent is well, and nothing else', async () => {
  let problems: string[] = [];
  const options = { address: '127.0.0.1', healthz: () => problems, env: testEnv() };
  const endpoint = await startHealthz({ ...options, port: 0 });
  try {
    for (const path of ['/healthz', '/healthz?verbose']) {
      const { status, text } = await call(endpoint, path);
      assert.deepEqual([status, text], [200, 'ok']);
    }
    problems = ['the loop has stood still for 90 s'];
    const sick = await call(endpoint, '/healthz', { method: 'POST', body: 'x' });
    assert.deepEqual([sick.status, sick.text], [500, 'healthz check failed\n']);
    for (const path of ['/', '/pods', '/metrics', '/healthz/ping']) {
      assert.equal((await call(endpoint, path)).status, 404, path);
    }
    await assert.rejects(startHealthz({ ...options, port: endpoint.port }), {
      name: 'ListenError',
      message: `cannot serve on 127.0.0.1:${endpoint.port}: the port is in use: choose another with --healthz-port, or 0 for none`,
    });
  } finally {
    await endpoint.close();
  }
});
