/** The status endpoint over a hand-made state, with a clock that moves only when told. */
import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { Answered } from '../../src/http/message.ts';
import { type HttpEndpoint, type HttpOptions, startHttp } from '../../src/http/server.ts';
import type { Stats } from '../../src/http/stats.ts';
import type { VolumeUsages } from '../../src/http/volume-usage.ts';
import type { Env, Log } from '../../src/kubelet/env.ts';
import type { EventRing } from '../../src/kubelet/events.ts';
import type { MachineState } from '../../src/kubelet/node-pressure.ts';
import type { Published } from '../../src/kubelet/published.ts';
import type { ProbeReport } from '../../src/probes/types.ts';
import { NOW_MS, published, sampleEvents } from './fixture.ts';

export interface TestEnv extends Env {
  readonly lines: { level: string; fields: Record<string, unknown>; message: string }[];
  /** Runs what is due within `ms`, in order. */
  advance(ms: number): void;
}

/** Time moves only by `advance`. */
export function testEnv(): TestEnv {
  const lines: TestEnv['lines'] = [];
  const timers = new Set<{ atMs: number; fn: () => void }>();
  let passedMs = 0;
  const write = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, fields, message });
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  return {
    lines,
    log,
    nowMs: () => NOW_MS + passedMs,
    monotonicMs: () => passedMs,
    random: () => () => 0.5,
    after(delayMs, fn) {
      const timer = { atMs: passedMs + delayMs, fn };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const untilMs = passedMs + ms;
      for (;;) {
        const [next] = [...timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
        if (!next) break;
        timers.delete(next);
        passedMs = next.atMs;
        next.fn();
      }
      passedMs = untilMs;
    },
  };
}

export interface TestEndpoint extends HttpEndpoint {
  readonly url: string;
  readonly env: TestEnv;
  readonly events: EventRing;
  readonly observed: Omit<Answered, 'durationMs'>[];
  /** Puts another state in place and tells those who follow. */
  publish(next: Published): void;
}

export async function serve(
  initial: Published = published(),
  options: {
    metrics?: () => Promise<string>;
    healthz?: () => string[];
    published?: () => Published;
    stats?: Pick<Stats, 'read'>;
    volumes?: Pick<VolumeUsages, 'read' | 'claims'>;
    machine?: () => MachineState;
    probes?: () => ProbeReport[];
    began?: HttpOptions['began'];
  } = {},
): Promise<TestEndpoint> {
  const env = testEnv();
  const events = sampleEvents(env);
  const listeners = new Set<(published: Published) => void>();
  const observed: TestEndpoint['observed'] = [];
  let current = initial;
  const endpoint = await startHttp({
    address: '127.0.0.1',
    port: 0,
    published: options.published ?? (() => current),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    events,
    metrics: options.metrics ?? (async () => '# no metrics here\n'),
    healthz: options.healthz ?? (() => []),
    ...(options.stats && { stats: options.stats }),
    ...(options.probes && { probes: options.probes }),
    ...(options.machine && { machine: options.machine }),
    ...(options.volumes && { volumes: options.volumes }),
    manifests: '/etc/pods',
    kubeconfig: '/etc/rower/kubeconfig',
    certificateExpiresMs: () => NOW_MS + 90 * 86_400_000,
    env,
    ...(options.began && { began: options.began }),
    observe: ({ durationMs: _, ...answered }) => void observed.push(answered),
  });
  return {
    ...endpoint,
    url: `http://127.0.0.1:${endpoint.port}`,
    env,
    events,
    observed,
    publish(next) {
      current = next;
      for (const listener of listeners) listener(next);
    },
  };
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text: string;
}

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Over TLS, with this trust and perhaps a certificate of one's own. */
  tls?: { ca?: string; key?: string; cert?: string; rejectUnauthorized?: boolean; maxVersion?: 'TLSv1.1' };
}

/** One request, sent as it is: any path, any Host. */
export function call(
  { port }: Pick<HttpEndpoint, 'port'>,
  path: string,
  { method = 'GET', headers = {}, body, tls }: Call = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method,
      headers,
      agent: false,
      servername: 'localhost',
      ...tls,
    } as const;
    const request = (tls ? https : http).request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole, text: whole.toString() });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

export const AS_TABLE = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
