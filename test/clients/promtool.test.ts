/** The metrics against the linter that Prometheus brings. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, test } from 'node:test';
import { promtool } from '../../hack/kubectl.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { call, serve, testEnv } from '../http/endpoint.ts';
import { published } from '../http/fixture.ts';
import { sampleUsage, sampleVolumes } from '../http/usage.ts';

let program = '';
let reason = '';
before(async () => {
  program = await promtool().catch((error: Error) => {
    reason = error.message;
    return '';
  });
});

test('promtool finds nothing to complain about in the metrics', async (t) => {
  if (reason) return t.skip(reason);
  const metrics = createMetrics(testEnv());
  metrics.meter.runtimeOperation('RunPodSandbox', 30, true);
  metrics.meter.containerStartFailed('RunContainerError');
  metrics.observe({
    pattern: '/pods',
    method: 'GET',
    status: 200,
    durationMs: 1,
    isStream: false,
    serverType: 'readonly',
  });
  const { status, stdout, stderr } = spawnSync(program, ['check', 'metrics'], {
    input: await metrics.text(published()),
    encoding: 'utf8',
  });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});

test('nor in those of Pods, of containers and of state', async (t) => {
  if (reason) return t.skip(reason);
  const endpoint = await serve(published(), {
    stats: { read: async () => sampleUsage() },
    volumes: { read: async () => sampleVolumes(), claims: sampleVolumes },
  });
  try {
    for (const path of ['/metrics/resource', '/metrics/cadvisor', '/metrics/state', '/metrics/slis', '/metrics']) {
      const { text: input } = await call(endpoint, path);
      const { status, stdout, stderr } = spawnSync(program, ['check', 'metrics'], { input, encoding: 'utf8' });
      assert.deepEqual({ path, status, stdout, stderr }, { path, status: 0, stdout: '', stderr: '' });
    }
  } finally {
    await endpoint.close();
  }
});
