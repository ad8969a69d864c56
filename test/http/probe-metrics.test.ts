import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createProbeMetrics } from '../../src/http/probe-metrics.ts';
import type { Published } from '../../src/kubelet/published.ts';
import type { ProbeSeries } from '../../src/probes/types.ts';

const LIVENESS: ProbeSeries = { type: 'liveness', container: 'web', pod: 'httpd-n1', namespace: 'default', uid: 'u1' };
const READINESS: ProbeSeries = { ...LIVENESS, type: 'readiness' };

/** Only what is read of it. */
const published = (...pods: { uid: string; phase?: string }[]) =>
  ({
    pods: pods.map(({ uid, phase = 'Running' }) => ({ pod: { metadata: { uid }, status: { phase } } })),
  }) as unknown as Published;

async function samples(metrics: ReturnType<typeof createProbeMetrics>): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line.startsWith('prober_') && !line.includes('_bucket'));
}

const labels = (type: string) => `probe_type="${type}",container="web",pod="httpd-n1",namespace="default"`;
const total = (type: string, result: string, uid: string, count: number) =>
  `prober_probe_total{${labels(type)},pod_uid="${uid}",result="${result}"} ${count}`;

describe('probe metrics', () => {
  it('count each tick by its result, and time those that did not fail', async () => {
    const metrics = createProbeMetrics();
    metrics.meter.ended(LIVENESS, 'successful', 4);
    metrics.meter.ended(LIVENESS, 'failed', 4000);
    metrics.meter.ended(LIVENESS, 'unknown', 6);
    metrics.meter.ended(READINESS, 'successful', 10);
    assert.deepEqual(await samples(metrics), [
      total('Liveness', 'successful', 'u1', 1),
      total('Liveness', 'failed', 'u1', 1),
      total('Liveness', 'unknown', 'u1', 1),
      total('Readiness', 'successful', 'u1', 1),
      `prober_probe_duration_seconds_sum{${labels('Liveness')}} 0.01`,
      `prober_probe_duration_seconds_count{${labels('Liveness')}} 2`,
      `prober_probe_duration_seconds_sum{${labels('Readiness')}} 0.01`,
      `prober_probe_duration_seconds_count{${labels('Readiness')}} 1`,
    ]);
  });

  it('drop what is of a Pod that is gone or has ended, and keep what its successor shares', async () => {
    const metrics = createProbeMetrics();
    metrics.meter.ended(LIVENESS, 'successful', 4);
    metrics.meter.ended({ ...LIVENESS, uid: 'u2' }, 'successful', 4);
    metrics.forget(published({ uid: 'u1' }, { uid: 'u2' }));
    assert.equal((await samples(metrics)).length, 4);
    metrics.forget(published({ uid: 'u2' }));
    assert.deepEqual(await samples(metrics), [
      total('Liveness', 'successful', 'u2', 1),
      `prober_probe_duration_seconds_sum{${labels('Liveness')}} 0.008`,
      `prober_probe_duration_seconds_count{${labels('Liveness')}} 2`,
    ]);
    metrics.forget(published({ uid: 'u2', phase: 'Succeeded' }));
    assert.deepEqual(await samples(metrics), []);
  });

  it('have names, types and labels as a kubelet has them', async () => {
    const metrics = createProbeMetrics();
    metrics.meter.ended(LIVENESS, 'successful', 4);
    metrics.meter.late(3);
    const shape = (text: string) =>
      new Set(
        text
          .split('\n')
          .filter((line) => line.startsWith('prober_') || line.startsWith('# TYPE prober_'))
          .map((line) =>
            line
              .replace(/"[^"]*"|(?<=[}\d]) .*$/g, '')
              .replace(/\{(.*)\}.*/, (_, list: string) => `{${list.split(',').sort().join()}}`),
          ),
      );
    const recorded = readFileSync(new URL('../fixtures/metrics-probes.txt', import.meta.url), 'utf8');
    assert.deepEqual(shape(await metrics.text()), shape(recorded));
    assert.match(await metrics.text(), /^rower_probe_late_seconds_bucket\{le="0.005"\} 1$/m);
  });
});
