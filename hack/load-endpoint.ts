/**
 * Load on the status endpoint over loopback: 50 watches, 20 followed logs and 100 lists a second of 110 Pods, for a
 * minute. Tells how long lists took and what the process held before and after; clients and server are one process.
 *
 *     node --expose-gc hack/load-endpoint.ts [SECONDS]
 */
import { appendFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { call, serve } from '../test/http/endpoint.ts';
import { podView, published } from '../test/http/fixture.ts';
import { logLine, serveFull } from '../test/http/full.ts';
import { sampleUsage } from '../test/http/usage.ts';

const WATCHES = 50;
const FOLLOWERS = 20;
const LISTS_PER_SECOND = 100;
const PODS = 110;
const TICK_MS = 1000 / LISTS_PER_SECOND;

const pods = (version: string) => Array.from({ length: PODS }, (_, index) => podView(`p${index}`, { version }));

async function main(seconds: number): Promise<void> {
  const plain = await serve(published(pods('0')), { stats: { read: async () => sampleUsage() } });
  const full = await serveFull();
  let watchBytes = 0;
  let logBytes = 0;
  for (let index = 0; index < WATCHES; index += 1) {
    http.get(`${plain.url}/api/v1/pods?watch=1`, { agent: false }, (response) => {
      response.on('data', (chunk: Buffer) => (watchBytes += chunk.length)).on('error', () => undefined);
    });
  }
  for (let index = 0; index < FOLLOWERS; index += 1) {
    const options = { agent: false, ca: full.cert, headers: { Authorization: `Bearer ${full.token}` } };
    https.get(`${full.url}/api/v1/namespaces/default/pods/solo-node-1/log?follow=1`, options, (response) => {
      response.on('data', (chunk: Buffer) => (logBytes += chunk.length)).on('error', () => undefined);
    });
  }
  await delay(2000);
  const before = memory();
  const tookMs: number[] = [];
  const under: Promise<void>[] = [];
  const began = performance.now();
  for (let index = 0; index < seconds * LISTS_PER_SECOND; index += 1) {
    const wait = began + index * TICK_MS - performance.now();
    if (wait > 0) await delay(wait);
    const startedMs = performance.now();
    under.push(
      call(plain, '/api/v1/pods').then(({ status }) => {
        if (status !== 200) throw new Error(`a list was answered with ${status}`);
        tookMs.push(performance.now() - startedMs);
      }),
    );
    if (index % LISTS_PER_SECOND === 0) {
      const changed = podView('p0', { version: String(index + 1) });
      plain.publish(published([changed, ...pods('0').slice(1)]));
      appendFileSync(full.logFile('solo', 'main', 0), logLine(index, 'x'.repeat(100)));
    }
  }
  await Promise.all(under);
  const after = memory();
  const scrapes: number[] = [];
  for (const path of ['/metrics/state', '/metrics/cadvisor', '/metrics/resource']) {
    const startedMs = performance.now();
    await call(plain, path);
    scrapes.push(performance.now() - startedMs);
  }
  tookMs.sort((a, b) => a - b);
  const quantile = (share: number) => (tookMs[Math.floor(tookMs.length * share)] ?? 0).toFixed(1);
  console.log(`lists: ${tookMs.length} in ${seconds} s, p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms`);
  console.log(`watches: ${WATCHES}, ${watchBytes} bytes; followers: ${FOLLOWERS}, ${logBytes} bytes`);
  console.log(`heap: ${before.heap} MiB before, ${after.heap} MiB after; resident: ${before.rss} and ${after.rss} MiB`);
  console.log(`scrapes of state, cadvisor, resource: ${scrapes.map((ms) => ms.toFixed(1)).join(', ')} ms`);
  await Promise.all([plain.close(), full.close()]);
}

function memory(): { heap: string; rss: string } {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: (heapUsed / 2 ** 20).toFixed(1), rss: (rss / 2 ** 20).toFixed(0) };
}

if (import.meta.main) {
  await main(Number(process.argv[2] ?? 60));
  process.exit();
}
