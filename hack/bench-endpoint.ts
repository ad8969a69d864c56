/** What clients get of the status endpoint under load, and what scraping costs. Over loopback, with a real agent. */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchAgent } from './bench-agent.ts';
import { sleeper } from './bench-pods.ts';
import { below, type Figure } from './bench-report.ts';
import { median, quantile } from './bench-stats.ts';

const WATCHES = 50;
const FOLLOWERS = 20;
const LISTS_PER_SECOND = 100;
const SCRAPE_LIMIT_MS = 100;
const SCRAPED = [
  '/metrics',
  '/metrics/cadvisor',
  '/metrics/resource',
  '/metrics/state',
  '/metrics/probes',
  '/stats/summary',
];
/** So many clients ask; what waits for one of them counts as waiting. */
const CLIENTS = new http.Agent({ keepAlive: true, maxSockets: 64 });
const SCRAPES_EACH = 10;
/** A Pod is replaced so often, so that watches have something to tell. */
const CHANGE_EVERY_S = 5;

export interface EndpointScale {
  readonly pods: number;
  readonly seconds: number;
  readonly scrapes: number;
}

/** `dir`: the agent's own. */
export async function measureEndpoint(agent: BenchAgent, dir: string, scale: EndpointScale): Promise<Figure[]> {
  const names = Array.from({ length: scale.pods }, (_, index) => `p${index}`);
  agent.put(new Map(names.map((name) => [name, sleeper(name)])));
  await agent.untilRunning(names);
  return [...(await underLoad(agent, dir, names, scale)), ...(await scraping(agent, scale))];
}

async function underLoad(
  agent: BenchAgent,
  dir: string,
  names: readonly string[],
  { seconds, pods }: EndpointScale,
): Promise<Figure[]> {
  // Not the first, which is replaced.
  const followed = names.slice(1, FOLLOWERS + 1);
  const streams = [
    ...Array.from({ length: WATCHES }, () => watch(agent)),
    ...followed.map((name) => follow(dir, `${name}-n1`)),
  ];
  const logs = followed.flatMap((name) => logFiles(path.join(dir, 'logs'), name));
  await delay(2000);
  const before = agent.footprint();
  const tookMs: number[] = [];
  const under: Promise<void>[] = [];
  const beganMs = performance.now();
  for (let index = 0; index < seconds * LISTS_PER_SECOND; index += 1) {
    const waitMs = beganMs + (index * 1000) / LISTS_PER_SECOND - performance.now();
    if (waitMs > 0) await delay(waitMs);
    const list = timed(agent, '/api/v1/pods').then((ms) => void tookMs.push(ms));
    // Told when all are waited for.
    list.catch(() => undefined);
    under.push(list);
    if (index % LISTS_PER_SECOND !== 0) continue;
    const second = index / LISTS_PER_SECOND;
    for (const file of logs) appendFileSync(file, `${new Date().toISOString()} stdout F line ${second}\n`);
    if (second % CHANGE_EVERY_S === 0) agent.put(new Map([['p0', changed('p0', second)]]));
  }
  await Promise.all(under);
  const lastedMs = performance.now() - beganMs;
  const after = agent.footprint();
  const bytes = streams.map((stream) => stream.end());
  if (bytes.some((count) => count === 0)) throw new Error('a watch or a log said nothing');
  const megabytes = (count: number) => (count / 1e6).toFixed(1);
  const percent = ((after.cpuMs - before.cpuMs) / lastedMs) * 100;
  return [
    {
      what: `List of ${pods} Pods, with ${WATCHES} watches, ${FOLLOWERS} followed logs and ${LISTS_PER_SECOND} lists a second for ${seconds} s`,
      measured: `p50 ${quantile(tookMs, 0.5).toFixed(1)} ms, p99 ${quantile(tookMs, 0.99).toFixed(1)} ms (of ${tookMs.length})`,
    },
    {
      what: 'The same: resident memory before and after, CPU meanwhile',
      measured: `${megabytes(before.residentBytes)} MB, ${megabytes(after.residentBytes)} MB, ${percent.toFixed(0)} % of a core`,
    },
  ];
}

/** The same Pod with another label, which makes it another one. */
function changed(name: string, second: number): string {
  const pod = JSON.parse(sleeper(name));
  return JSON.stringify({ ...pod, metadata: { ...pod.metadata, labels: { second: String(second) } } });
}

async function scraping(agent: BenchAgent, { scrapes, pods }: EndpointScale): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const resource of SCRAPED) {
    const tookMs: number[] = [];
    const before = agent.footprint().cpuMs;
    for (let count = 0; count < SCRAPES_EACH; count += 1) {
      tookMs.push(await timed(agent, resource));
      // Askers within a second would share one measurement.
      await delay(1100);
    }
    const cpuMs = (agent.footprint().cpuMs - before) / SCRAPES_EACH;
    figures.push({
      what: `\`${resource}\` with ${pods} Pods: CPU of the agent, and how long it took`,
      measured: `${cpuMs.toFixed(0)} ms; ${median(tookMs).toFixed(0)} ms (at most ${Math.max(...tookMs).toFixed(0)} ms)`,
      // How long it takes is for the most part how long the runtime takes to measure.
      promise: below(cpuMs, SCRAPE_LIMIT_MS, `< ${SCRAPE_LIMIT_MS} ms of CPU`),
    });
  }
  const heaps: number[] = [];
  for (let count = 0; count < scrapes; count += 1) {
    const { body } = await get(agent, '/metrics');
    heaps.push(Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(body)?.[1]));
  }
  // What is left after a collection is the least that is seen around it.
  const third = Math.floor(scrapes / 3);
  const [first, last] = [heaps.slice(0, third), heaps.slice(-third)].map((part) => Math.min(...part) / 1e6);
  figures.push({
    what: `Heap over ${scrapes} scrapes of \`/metrics\`, least of the first and of the last third`,
    measured: `${first?.toFixed(1)} MB, ${last?.toFixed(1)} MB`,
  });
  return figures;
}

interface Stream {
  /** Ends it; how many bytes came. */
  end(): number;
}

function counted(request: http.ClientRequest): Stream {
  let bytes = 0;
  request.on('error', () => undefined);
  request.on('response', (response) => {
    response.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('error', () => undefined);
  });
  return {
    end() {
      request.destroy();
      return bytes;
    },
  };
}

function watch({ port }: BenchAgent): Stream {
  return counted(http.get({ host: '127.0.0.1', port, path: '/api/v1/pods?watch=1', agent: false }));
}

/** By the kubeconfig that the agent wrote. */
function follow(dir: string, pod: string): Stream {
  const { clusters, users } = JSON.parse(readFileSync(path.join(dir, 'kubeconfig'), 'utf8'));
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  return counted(
    https.get(`${server}/api/v1/namespaces/default/pods/${pod}/log?follow=1`, {
      agent: false,
      ca: Buffer.from(ca, 'base64'),
      headers: { Authorization: `Bearer ${users[0].user.token}` },
    }),
  );
}

function logFiles(directory: string, pod: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith(`default_${pod}-n1_`))
    .map((name) => path.join(directory, name, 'main', '0.log'));
}

async function timed(agent: BenchAgent, resource: string): Promise<number> {
  const beganMs = performance.now();
  const { status, body } = await get(agent, resource);
  if (status !== 200) throw new Error(`${resource} was answered with ${status}: ${body.slice(0, 500)}`);
  return performance.now() - beganMs;
}

function get({ port }: BenchAgent, resource: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path: resource, agent: CLIENTS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    request.on('error', reject);
  });
}
