/** The full listener over a hand-made state, with log files of its own and a runtime that knows their containers. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realEnv } from '../../hack/env.ts';
import { type ContainerStatus, type Cri, CriError } from '../../src/cri/port.ts';
import { authenticator } from '../../src/http/access.ts';
import { loadCredentials, writeKubeconfig } from '../../src/http/credentials.ts';
import { Logs } from '../../src/http/logs.ts';
import type { Answered } from '../../src/http/message.ts';
import { type HttpEndpoint, startHttp } from '../../src/http/server.ts';
import type { Env } from '../../src/kubelet/env.ts';
import type { PodView } from '../../src/kubelet/published.ts';
import { type Answer, type Call, call } from './endpoint.ts';
import { ago, containerStatus, NODE, NODE_FACTS, podView, published, running, sampleEvents } from './fixture.ts';

/** A line as containerd writes it, so many seconds after the start of 2026. */
export function logLine(second: number, text: string, stream = 'stdout'): string {
  return `${new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString()} ${stream} F ${text}\n`;
}

export const WEB_LOG = 'one\ntwo\nthree\n';

/** `web`: two containers; `loop`: ended and waiting; `pull`: has never run. */
function logPods(): PodView[] {
  const main = podView('x').pod.spec.containers[0];
  if (!main) throw new Error('the fixture has no container');
  const ended = {
    exitCode: 1,
    reason: 'Error',
    startedAt: ago(5),
    finishedAt: ago(4),
    containerID: 'containerd://loop-1',
  };
  const waiting = (reason: string) => ({ ready: false, started: false, state: { waiting: { reason } } });
  return [
    podView('loop', {
      status: running([
        containerStatus('main', { ...waiting('CrashLoopBackOff'), lastState: { terminated: ended }, restartCount: 1 }),
      ]),
    }),
    podView('gone', { status: running([containerStatus('main', { containerID: 'containerd://gone-0' })]) }),
    podView('pull', { status: running([containerStatus('main', waiting('ErrImagePull'))]) }),
    podView('solo', { status: running([containerStatus('main', { containerID: 'containerd://solo-0' })]) }),
    podView('web', {
      spec: { containers: [main, { ...main, name: 'side' }], initContainers: [{ ...main, name: 'setup' }] },
      status: running([
        containerStatus('main', { containerID: 'containerd://web-0' }),
        containerStatus('side', { containerID: 'containerd://side-0' }),
      ]),
    }),
  ];
}

export interface FullEndpoint extends HttpEndpoint {
  readonly url: string;
  readonly kubeconfig: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly cert: string;
  readonly directory: string;
  /** Containers that the runtime says still run, by id. */
  readonly alive: Set<string>;
  /** Set: the runtime does not answer. */
  down: boolean;
  /** The file of the newest log of a container. */
  logFile(pod: string, container: string, attempt: number): string;
  /** One request with the token. */
  get(path: string, options?: Call): Promise<Answer>;
  close(): Promise<void>;
}

export interface FullTestOptions {
  clientCa?: string;
  pods?: PodView[];
  /** The listener's; the real one by default. */
  env?: Env;
  observe?: (answered: Answered) => void;
}

export async function serveFull(options: FullTestOptions = {}): Promise<FullEndpoint> {
  const { env = realEnv(), observe } = options;
  const directory = mkdtempSync(join(tmpdir(), 'rower-full-'));
  const podLogsDir = join(directory, 'logs');
  const alive = new Set(['web-0', 'side-0', 'solo-0']);
  const attempts: Record<string, number> = { 'web-0': 0, 'side-0': 0, 'solo-0': 0, 'loop-1': 1 };
  const logFile = (pod: string, container: string, attempt: number) => {
    const folder = join(podLogsDir, `default_${pod}-${NODE}_uid-of-${pod}`, container);
    mkdirSync(folder, { recursive: true });
    return join(folder, `${attempt}.log`);
  };
  writeFileSync(
    logFile('web', 'main', 0),
    WEB_LOG.trim()
      .split('\n')
      .map((text, index) => logLine(index, text))
      .join(''),
  );
  writeFileSync(logFile('web', 'side', 0), logLine(0, 'beside') + logLine(1, 'oops', 'stderr'));
  writeFileSync(logFile('solo', 'main', 0), logLine(0, 'alone'));
  writeFileSync(logFile('loop', 'main', 0), logLine(0, 'first life'));
  writeFileSync(logFile('loop', 'main', 1), logLine(0, 'second life'));

  const { cert, key, token, tokenFile } = await loadCredentials({
    env,
    directory: join(directory, 'endpoint'),
    nodeName: NODE,
    ips: NODE_FACTS.ips,
    certFile: '',
    keyFile: '',
  });
  const cri: Pick<Cri, 'containerStatus'> = {
    async containerStatus(id): Promise<ContainerStatus> {
      if (full.down) throw new CriError('unavailable', 'ContainerStatus', 'no socket');
      const attempt = attempts[id];
      if (attempt === undefined) throw new CriError('not-found', 'ContainerStatus', `no ${id}`);
      const state = alive.has(id) ? 'running' : 'exited';
      return {
        id,
        state,
        createdAtMs: 0,
        exitCode: 0,
        reason: '',
        message: '',
        image: '',
        imageRef: '',
        logPath: `/x/${attempt}.log`,
      };
    },
  };
  const state = published(options.pods ?? logPods(), { node: { ...NODE_FACTS, podLogsDir } });
  const endpoint = await startHttp({
    address: '127.0.0.1',
    port: 0,
    published: () => state,
    subscribe: () => () => undefined,
    events: sampleEvents(env),
    metrics: async () => '# no metrics here\n',
    healthz: () => [],
    manifests: '/etc/pods',
    kubeconfig: '/etc/rower/kubeconfig',
    env,
    ...(observe && { observe }),
    full: {
      tls: { cert, key, ...(options.clientCa && { clientCa: options.clientCa }) },
      authenticate: authenticator(tokenFile),
      logs: new Logs({ env, cri }),
      configz: () => ({ maxPods: 110 }),
    },
  });
  const kubeconfig = join(directory, 'etc', 'kubeconfig');
  await writeKubeconfig({ path: kubeconfig, address: '127.0.0.1', port: endpoint.port, cert, token });
  const full: FullEndpoint = {
    ...endpoint,
    url: `https://127.0.0.1:${endpoint.port}`,
    kubeconfig,
    token,
    tokenFile,
    cert,
    directory,
    alive,
    down: false,
    logFile,
    get: (path, { headers, ...more } = {}) =>
      call(endpoint, path, {
        tls: { ca: readFileSync(join(directory, 'endpoint', 'tls.crt'), 'utf8') },
        headers: { Authorization: `Bearer ${token}`, ...headers },
        ...more,
      }),
    async close() {
      await endpoint.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return full;
}
