import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchAgent } from './bench-agent.ts';
import { atMost, type Figure } from './bench-report.ts';

const PODS = 20;
/** In each Pod; each has two probes. */
const CONTAINERS = 5;
const PROBES = 2 * CONTAINERS * PODS;
/** A tick this late in a hundred is nothing that anybody waits for. */
const LATE_LIMIT_MS = 100;

export interface ProbeScale {
  settleMs: number;
  watchMs: number;
}

/** An agent that is running and has no Pods. */
export async function measureProbes(agent: BenchAgent, scale: ProbeScale): Promise<Figure[]> {
  const server = http.createServer((_, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const atRest = await measure(agent, undefined, scale);
    const probes: [string, object][] = [
      [`${PROBES} HTTP probes at 1 s`, { httpGet: { port }, periodSeconds: 1 }],
      [
        `${PROBES} exec probes at 10 s`,
        { exec: { command: ['/bin/busybox', 'true'] }, periodSeconds: 10, timeoutSeconds: 10 },
      ],
    ];
    const figures: Figure[] = [];
    for (const [what, probe] of probes) {
      const { percent, late } = await measure(agent, probe, scale);
      const [middle, most] = [late(0.5), late(0.99)];
      figures.push(
        {
          what: `${what}: CPU of the agent`,
          measured: `${percent.toFixed(1)} % of a core; the same Pods without probes ${atRest.percent.toFixed(1)} %`,
        },
        {
          what: `${what}: begun late by, p50 and p99`,
          measured: `${middle.toFixed(1)} and ${most.toFixed(1)} ms`,
          promise: atMost(most, LATE_LIMIT_MS, `p99 ≤ ${LATE_LIMIT_MS} ms`),
        },
      );
    }
    return figures;
  } finally {
    server.close();
  }
}

async function measure(agent: BenchAgent, probe: object | undefined, { settleMs, watchMs }: ProbeScale) {
  const names = Array.from({ length: PODS }, (_, index) => `probed-${index}`);
  agent.put(new Map(names.map((name) => [name, manifest(name, probe)])));
  await agent.untilRunning(names);
  await delay(settleMs);
  const before = await lateBuckets(agent);
  const { cpuMs } = agent.footprint();
  const beganMs = performance.now();
  await delay(watchMs);
  const percent = ((agent.footprint().cpuMs - cpuMs) / (performance.now() - beganMs)) * 100;
  const after = await lateBuckets(agent);
  await agent.clear();
  return { percent, late: (fraction: number) => 1000 * bucketQuantile(before, after, fraction) };
}

/** On the machine's network, so that no container needs one of its own. */
function manifest(name: string, probe: object | undefined): string {
  const containers = Array.from({ length: CONTAINERS }, (_, index) => ({
    name: `c${index}`,
    image: 'localhost/busybox:1',
    command: ['/bin/busybox', 'sleep', '100000'],
    ...(probe && { livenessProbe: probe, readinessProbe: probe }),
  }));
  const spec = { hostNetwork: true, terminationGracePeriodSeconds: 0, containers };
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });
}

/** Of the histogram of late ticks: by upper bound in seconds, how many so far. */
async function lateBuckets(agent: BenchAgent): Promise<Map<number, number>> {
  const answer = await fetch(`http://127.0.0.1:${agent.port}/metrics/probes`);
  const found = (await answer.text()).matchAll(/^rower_probe_late_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm);
  return new Map(
    [...found].map(([, bound, count]) => [bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound), Number(count)]),
  );
}

/** As Prometheus estimates it: within a bucket all are taken to be spread evenly. */
function bucketQuantile(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
  fraction: number,
): number {
  const buckets = [...after].map(([bound, count]) => ({ bound, count: count - (before.get(bound) ?? 0) }));
  const total = buckets.at(-1)?.count ?? 0;
  let low = { bound: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= fraction * total && bucket.count > low.count) {
      const share = (fraction * total - low.count) / (bucket.count - low.count);
      return bucket.bound === Number.POSITIVE_INFINITY ? low.bound : low.bound + (bucket.bound - low.bound) * share;
    }
    low = bucket;
  }
  return 0;
}
