/**
 * A listener of the status endpoint. Without `full` it is plain HTTP that anybody who reaches it may read, and shows no
 * secrets; with `full` it is TLS, asks who comes, and shows all there is.
 */
import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Env } from '../kubelet/env.ts';
import type { EventRing } from '../kubelet/events.ts';
import type { Insight } from '../kubelet/insight.ts';
import type { Published } from '../kubelet/published.ts';
import type { PodKey } from '../kubelet/types.ts';
import type { Authenticate } from './access.ts';
import { answer } from './answer.ts';
import { isLoopback } from './hosts.ts';
import { closeServer, type Flags, ListenError, limitedServer, listen, type Tls } from './listen.ts';
import type { Answered } from './message.ts';
import { redactUrls } from './redact.ts';
import type { Stats } from './stats.ts';
import { Store } from './store.ts';
import type { FullView, View } from './view.ts';
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
  /** What the planner has in hand for a Pod. */
  insight?: (key: PodKey) => Insight;
  /** What is wrong with the agent itself; empty when nothing is. */
  healthz: () => string[];
  /** Where manifests are to be changed: a directory or a URL. Named in the answer to every write. */
  manifests: string;
  env: Env;
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
  /** Stops listening, ends watches and logs, and cuts what is left. */
  close(): Promise<void>;
}

const READ_ONLY_FLAGS: Flags = { port: '--read-only-port', address: '--read-only-address' };
const FULL_FLAGS: Flags = { port: '--port', address: '--address' };

/** Starts the endpoint. Rejects with ListenError. */
export async function startHttp(options: HttpOptions): Promise<HttpEndpoint> {
  const { env, full } = options;
  if (!full) checkReach(options);
  const store = new Store(options.events, options.port, full !== undefined);
  const watches = new Watches(env, store);
  const manifests = redactUrls(options.manifests);
  const { metrics, healthz, insight, stats, probeMetrics = async () => '' } = options;
  let origin = '';
  const look = (): View => {
    const published = options.published();
    store.refresh(published, env.nowMs());
    return {
      published,
      store,
      watches,
      nowMs: env.nowMs(),
      manifests,
      origin,
      metrics,
      probeMetrics,
      healthz,
      ...(insight && { insight }),
      ...(stats && { stats }),
      ...(full && { full }),
    };
  };
  const open = async (on: string, port: number) => {
    const server = limitedServer((request, response) => void answer(request, response, options, look), full?.tls);
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
      store.refresh(published, env.nowMs());
    } catch (error) {
      env.log.error({ error: String(error) }, 'the status endpoint could not take in a new state');
    }
  });
  return {
    address,
    port,
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
