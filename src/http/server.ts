/**
 * A listener of the status endpoint. Without `full` it is plain HTTP that anybody who reaches it may read, and shows no
 * secrets; with `full` it is TLS, asks who comes, and shows all there is.
 */
import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Env } from '../kubelet/env.ts';
import type { EventRing } from '../kubelet/events.ts';
import type { Insight } from '../kubelet/insight.ts';
import type { MachineState } from '../kubelet/node-pressure.ts';
import type { Published } from '../kubelet/published.ts';
import type { PodKey } from '../kubelet/types.ts';
import type { ProbeReport } from '../probes/types.ts';
import type { Authenticate } from './access.ts';
import { answer } from './answer.ts';
import { isLoopback } from './hosts.ts';
import { closeServer, type Flags, ListenError, limitedServer, listen, replaceTls, type Tls } from './listen.ts';
import type { Answered, Asked } from './message.ts';
import { redactUrls } from './redact.ts';
import type { Stats } from './stats.ts';
import { Store } from './store.ts';
import { answerUpgrade, isStreamUpgrade } from './upgrade.ts';
import type { FullView, View } from './view.ts';
import type { VolumeUsages } from './volume-usage.ts';
import { Watches } from './watch.ts';

export interface HttpOptions {
  address: string;
  /** 0: any free port. */
  port: number;
  /** The same port on one more address; it is left out where the machine does not have it. */
  alsoOn?: string;
  /** An address that others reach, without login, is meant. */
  insecure?: boolean;
  /** The latest value; asked for at each request. */
  published: () => Published;
  /** Calls the listener with each new value. Returns how to stop. */
  subscribe: (listener: (published: Published) => void) => () => void;
  events: EventRing;
  /** The text of `/metrics`. */
  metrics: () => Promise<string>;
  /** The text of `/metrics/probes`; absent: nothing is probed. */
  probeMetrics?: () => Promise<string>;
  /** What Pods use; absent: nothing is measured. */
  stats?: Pick<Stats, 'read'>;
  /** How full volumes are; absent: nothing is measured. */
  volumes?: Pick<VolumeUsages, 'read' | 'claims'>;
  /** The last result of each probe; absent: nothing is probed. */
  probes?: () => readonly ProbeReport[];
  /** Pressures of the machine; absent: nothing looks at them. */
  machine?: () => MachineState;
  /** What the planner has in hand for a Pod. */
  insight?: (key: PodKey) => Insight;
  /** What is wrong with the agent itself; empty when nothing is. */
  healthz: () => string[];
  /** Where manifests are to be changed: a directory or a URL. Named in the answer to every write. */
  manifests: string;
  /** When the certificate of the listener with login expires, wall clock; undefined: there is none. */
  certificateExpiresMs?: () => number | undefined;
  /** Path of the kubeconfig for the listener with login; absent: there is none. */
  kubeconfig?: string;
  env: Env;
  /** Told of each request when its route is known; returns how to tell of its end. */
  began?: (asked: Asked) => () => void;
  /** Told of each request when its answer is complete. */
  observe?: (answered: Answered) => void;
  full?: FullOptions;
}

export interface FullOptions extends FullView {
  readonly tls: Tls;
  readonly authenticate: Authenticate;
}

export interface HttpEndpoint {
  address: string;
  port: number;
  /** Another key and certificate for connections from now on, where there is TLS. Throws when they cannot be used. */
  setTls(tls: Tls): void;
  /** Stops listening, ends watches and logs, and cuts what is left. */
  close(): Promise<void>;
}

const NOT_LOOKED_AT: MachineState = { conditions: [] };
const READ_ONLY_FLAGS: Flags = { port: '--read-only-port', address: '--read-only-address' };
const FULL_FLAGS: Flags = { port: '--port', address: '--address' };

/** Starts the endpoint. Rejects with ListenError. */
export async function startHttp(options: HttpOptions): Promise<HttpEndpoint> {
  const { env, full } = options;
  if (!full) checkReach(options);
  const store = new Store(options.events, options.port, full !== undefined);
  const watches = new Watches(env, store);
  const manifests = redactUrls(options.manifests);
  const {
    metrics,
    healthz,
    insight,
    stats,
    volumes,
    probes,
    certificateExpiresMs,
    probeMetrics = async () => '',
  } = options;
  let origin = '';
  const look = (): View => {
    const published = options.published();
    const machine = options.machine?.() ?? NOT_LOOKED_AT;
    store.refresh(published, env.nowMs(), machine);
    return {
      published,
      machine,
      store,
      watches,
      nowMs: env.nowMs(),
      manifests,
      kubeconfig: options.kubeconfig ?? '',
      origin,
      metrics,
      probeMetrics,
      healthz,
      ...(insight && { insight }),
      ...(probes && { probes }),
      ...(certificateExpiresMs && { certificateExpiresMs }),
      ...(stats && { stats }),
      ...(volumes && { volumes }),
      ...(full && { full }),
    };
  };
  const open = async (on: string, port: number) => {
    const server = limitedServer((request, response) => void answer(request, response, options, look), full?.tls, {
      accepts: isStreamUpgrade,
      handle: (request, socket) => void answerUpgrade(request, socket, options, look),
    });
    const bound = await listen(server, on, port, full ? FULL_FLAGS : READ_ONLY_FLAGS);
    server.on('error', (error) => env.log.error({ error: error.message }, 'the status endpoint failed'));
    return { server, bound };
  };
  const first = await open(options.address, options.port);
  const { address, port } = first.bound;
  origin = `${full ? 'https' : 'http'}://${isIPv6(address) ? `[${address}]` : address}:${port}`;
  const servers: Server[] = [first.server];
  if (options.alsoOn !== undefined) {
    await open(options.alsoOn, port).then(
      ({ server }) => servers.push(server),
      (error: Error) => env.log.info({ error: error.message }, 'the status endpoint has one address only'),
    );
  }
  const unsubscribe = options.subscribe((published) => {
    try {
      store.refresh(published, env.nowMs(), options.machine?.());
    } catch (error) {
      env.log.error({ error: String(error) }, 'the status endpoint could not take in a new state');
    }
  });
  return {
    address,
    port,
    setTls: (tls) => replaceTls(servers, tls),
    async close() {
      unsubscribe();
      const closing = servers.map((server) => closeServer(server, env));
      watches.close();
      full?.logs.close();
      await Promise.all(closing);
    },
  };
}

/** What needs no login stays on this machine unless somebody says otherwise. Throws ListenError. */
function checkReach({ address, port, insecure, env }: HttpOptions): void {
  if (isLoopback(address)) return;
  if (!insecure) {
    throw new ListenError(
      `refusing to serve without login on ${address}:${port}, where others can reach it: use --read-only-address 127.0.0.1, or say --insecure-read-only if that is meant`,
    );
  }
  env.log.warn(
    { address },
    'the read-only endpoint needs no login and others can reach it: --read-only-address 127.0.0.1 keeps it to this machine',
  );
}
