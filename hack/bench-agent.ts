/** A real agent under measurement: the bundle as it ships, its manifests, and a client that watches it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pod } from '../src/kubelet/types.ts';
import type { PrivateContainerd } from './containerd.ts';

export const NODE_NAME = 'n1';
const PATIENCE_MS = 120_000;
const CLOCK_TICKS_PER_SECOND = 100;

/** What containers and Pods cost at rest is read from here. Bytes. */
export interface Footprint {
  residentBytes: number;
  /** RssAnon: memory of its own, not shared with anything. */
  privateBytes: number;
  /** User and system time of all threads so far. */
  cpuMs: number;
}

export interface AgentOptions {
  /** Of its own; made. */
  dir: string;
  /** A copy of `bin/rower`. */
  program: string;
  containerd: PrivateContainerd;
  /** More lines of its configuration. */
  settings?: string;
}

export class BenchAgent {
  readonly manifests: string;
  readonly #o: AgentOptions;
  #child: ChildProcess | undefined;
  #port = 0;
  #log = '';
  readonly #pods = new Map<string, Pod>();
  readonly #checks = new Set<() => void>();
  #watching: http.ClientRequest | undefined;

  constructor(options: AgentOptions) {
    this.#o = options;
    this.manifests = path.join(options.dir, 'pods');
    mkdirSync(this.manifests, { recursive: true });
    const config = `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncgroupRoot: ${options.containerd.cgroupRoot}\n${options.settings ?? ''}`;
    writeFileSync(path.join(options.dir, 'kubelet.yaml'), config);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get port(): number {
    return this.#port;
  }

  get log(): string {
    return this.#log;
  }

  /** The process is started; nothing is waited for. */
  async launch(flags: readonly string[] = []): Promise<void> {
    const { dir, program, containerd } = this.#o;
    const [readOnlyPort = 0, port, healthzPort] = await freePorts(3);
    this.#port = readOnlyPort;
    const child = spawn(
      program,
      [
        ...['run', '--config', path.join(dir, 'kubelet.yaml'), '--pod-manifest-path', this.manifests],
        ...['--root-dir', path.join(dir, 'root'), '--pod-logs-dir', path.join(dir, 'logs')],
        ...['--container-runtime-endpoint', containerd.endpoint, '--hostname-override', NODE_NAME],
        ...['--node-ip', '127.0.0.1', '--read-only-port', `${readOnlyPort}`, '--port', `${port}`],
        ...['--healthz-port', `${healthzPort}`, '--write-kubeconfig', path.join(dir, 'kubeconfig')],
        // What this machine's own cloud may give it is not measured.
        ...['--metadata', 'none', ...flags],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
    });
    this.#child = child;
  }

  /** Resolves when it answers and its Pods are watched. */
  async start(flags: readonly string[] = []): Promise<void> {
    await this.launch(flags);
    await this.poll('/healthz', ({ status }) => status === 200);
    this.watch();
  }

  /** Asks every 5 ms until `check` holds; resolves with the instant. */
  async poll(resource: string, check: (answer: { status: number; body: string }) => boolean): Promise<number> {
    const untilMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const answer = await get(this.#port, resource).catch(() => undefined);
      if (answer && check(answer)) return performance.now();
      if (performance.now() > untilMs || this.#child?.exitCode !== null)
        throw new Error(`the agent does not answer ${resource} as it should:\n${this.#log.slice(-4000)}`);
      await delay(5);
    }
  }

  /** A client like kubectl: sees each change the moment the agent tells it. Ends with the agent. */
  watch(): void {
    this.unwatch();
    const request = http.get({ port: this.#port, host: '127.0.0.1', path: '/api/v1/pods?watch=1', agent: false });
    this.#watching = request;
    request.on('error', () => {});
    request.on('response', (response) => {
      let rest = '';
      response.setEncoding('utf8').on('error', () => {});
      response.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.#take(JSON.parse(line) as { type: string; object: Pod });
        for (const check of this.#checks) check();
      });
    });
  }

  unwatch(): void {
    this.#watching?.destroy();
    this.#watching = undefined;
    this.#pods.clear();
  }

  #take({ type, object }: { type: string; object: Pod }): void {
    const name = object.metadata.name.slice(0, -NODE_NAME.length - 1);
    if (type === 'DELETED') this.#pods.delete(name);
    else this.#pods.set(name, object);
  }

  pod(name: string): Pod | undefined {
    return this.#pods.get(name);
  }

  /** Resolves with the instant at which the watching client saw that `holds`. */
  until(what: string, holds: (pods: ReadonlyMap<string, Pod>) => boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#checks.delete(check);
        const shown = [...this.#pods].map(([name, pod]) => `${name}: ${JSON.stringify(pod.status)}`);
        reject(
          new Error(`not within ${PATIENCE_MS / 1000} s: ${what}\n${shown.join('\n')}\n${this.#log.slice(-4000)}`),
        );
      }, PATIENCE_MS);
      const check = () => {
        if (!holds(this.#pods)) return;
        const atMs = performance.now();
        clearTimeout(late);
        this.#checks.delete(check);
        resolve(atMs);
      };
      this.#checks.add(check);
      check();
    });
  }

  untilRunning(names: readonly string[]): Promise<number> {
    return this.until('every Pod runs', (pods) => names.every((name) => isRunning(pods.get(name))));
  }

  untilGone(names: readonly string[]): Promise<number> {
    return this.until('every Pod is gone', (pods) => names.every((name) => !pods.has(name)));
  }

  /** Puts manifests in place by rename, as careful writers do. Returns the instant before the first rename. */
  put(files: ReadonlyMap<string, string>): number {
    const draft = (name: string) => path.join(this.#o.dir, `draft-${name}`);
    for (const [name, text] of files) writeFileSync(draft(name), text);
    const beganMs = performance.now();
    for (const name of files.keys()) renameSync(draft(name), this.#file(name));
    return beganMs;
  }

  /** Returns the instant before the first file was removed. */
  remove(names: readonly string[]): number {
    const beganMs = performance.now();
    for (const name of names) rmSync(this.#file(name));
    return beganMs;
  }

  #file(name: string): string {
    return path.join(this.manifests, `${name}.yaml`);
  }

  footprint(): Footprint {
    const pid = this.#child?.pid;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const bytes = (field: string) => Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name in brackets, which may hold anything: utime and stime are the 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const cpuMs = ((Number(fields[11]) + Number(fields[12])) * 1000) / CLOCK_TICKS_PER_SECOND;
    return { residentBytes: bytes('VmRSS'), privateBytes: bytes('RssAnon'), cpuMs };
  }

  /** Its containers run on. */
  async kill(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    this.unwatch();
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  /** Removes every Pod it has a manifest of. */
  async clear(): Promise<void> {
    const names = readdirSync(this.manifests).map((file) => path.basename(file, '.yaml'));
    this.remove(names);
    await this.untilGone(names);
  }
}

export function isRunning(pod: Pod | undefined): boolean {
  return pod?.status?.phase === 'Running' && pod.status.containerStatuses?.every((one) => one.state?.running) === true;
}

function get(port: number, resource: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', path: resource, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

/** TCP ports of loopback that nobody uses at this moment, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
