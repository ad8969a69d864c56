/**
 * The runtime's event stream as hints. To add a source: one row in `sources`, best first.
 *
 *     pick endpoint ─▶ open stream ─▶ one unary answer ─▶ standing (reliable) ─▶ lost ─▶ back-off ─┐
 *          ▲                └── UNIMPLEMENTED: next source; after the last one, wait a minute       │
 *          └────────────────────────────────────────────────────────────────────────────────────────┘
 */
import { type Client, type ClientReadableStream, Metadata, type MethodDefinition } from '@grpc/grpc-js';
import { type Env, sleep } from '../kubelet/env.ts';
import { toCriError } from './errors.ts';
import { type Cri, CriError, type RuntimeEvents, type RuntimeHint } from './port.ts';
import { method, type Services } from './services.ts';
import { createSettler } from './settle.ts';

const backoffMs = { first: 100, max: 5_000 };
/** A stream that stood this long ended for a new reason: the next back-off begins anew. */
const soundMs = 10_000;
/** No source is offered: the runtime may be replaced by one that has it. */
const absentMs = 60_000;
/** A hung runtime keeps its connection open; only a question shows that nobody is there. */
const heartbeatMs = 30_000;

interface Source {
  name: string;
  method: MethodDefinition<object, unknown>;
  request: object;
  metadata: Record<string, string>;
  /** `undefined`: of no interest. */
  toHint(message: unknown): RuntimeHint | undefined;
}

export interface EventsOptions {
  env: Env;
  services: Services;
  /** Asked about containers that end. */
  cri: Cri;
  /** The channel to use now; rejects with `CriError` when no runtime answers. */
  pick(): Promise<Client>;
  /** Any quick question on that channel; rejects with `CriError`. */
  ask(channel: Client): Promise<unknown>;
}

export function createRuntimeEvents(options: EventsOptions): RuntimeEvents {
  const { env } = options;
  let standing = false;

  /** Follows one stream until it ends. Resolves with how long it stood and why it ended. */
  async function followOnce(source: Source, emit: (hint: RuntimeHint) => void, signal: AbortSignal) {
    let stream: ClientReadableStream<unknown> | undefined;
    let stoodSinceMs: number | undefined;
    const done = new AbortController();
    try {
      const channel = await options.pick();
      if (signal.aborted) return { stoodMs: 0, error: undefined };
      stream = open(channel, source);
      const ended = ending(stream, source.name);
      stream.on('data', (message: unknown) => {
        const hint = source.toHint(message);
        if (hint) emit(hint);
      });
      signal.addEventListener('abort', () => stream?.cancel(), { once: true, signal: done.signal });
      // The server sends no sign that a subscription is made; an answer to a later question is one.
      await Promise.race([ended, ask(channel)]);
      stoodSinceMs = env.monotonicMs();
      standing = true;
      emit({ kind: 'reconnected', containerId: '' });
      await Promise.race([ended, heartbeat(channel, done.signal)]);
      throw new CriError('unavailable', source.name, 'the runtime ended the event stream');
    } catch (error) {
      return {
        stoodMs: stoodSinceMs === undefined ? 0 : env.monotonicMs() - stoodSinceMs,
        error: toCriError(source.name, error),
      };
    } finally {
      done.abort();
      stream?.cancel();
      if (standing) {
        standing = false;
        if (!signal.aborted) emit({ kind: 'disconnected', containerId: '' });
      }
    }
  }

  /** Only the stream itself may end with `unimplemented`. */
  async function ask(channel: Client): Promise<void> {
    try {
      await options.ask(channel);
    } catch (error) {
      const { call, message } = toCriError('Version', error);
      throw new CriError('unavailable', call, message, { cause: error });
    }
  }

  /** Rejects when a question is not answered. Ends with `signal`. */
  async function heartbeat(channel: Client, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(env, heartbeatMs, signal);
      if (!signal.aborted) await ask(channel);
    }
  }

  return {
    reliable: () => standing,
    async follow(onHint, signal) {
      const tell = (hint: RuntimeHint) => {
        try {
          onHint(hint);
        } catch (error) {
          env.log.error({ err: error, hint }, 'a hint of the runtime was not taken');
        }
      };
      const settler = createSettler(options.cri, env, signal, (containerId) => tell({ kind: 'deleted', containerId }));
      const emit = (hint: RuntimeHint) => (hint.kind === 'deleted' ? settler.add(hint.containerId) : tell(hint));
      const all = sources(options.services);
      let next = 0;
      let toldAbsent = false;
      let delayMs = backoffMs.first;
      while (!signal.aborted) {
        const source = all[next];
        if (!source) {
          if (!toldAbsent) env.log.info({}, 'the runtime offers no event stream: listing it each second instead');
          toldAbsent = true;
          await sleep(env, absentMs, signal);
          next = 0;
          continue;
        }
        const { stoodMs, error } = await followOnce(source, emit, signal);
        if (signal.aborted) return;
        if (error?.code === 'unimplemented') {
          next += 1;
          continue;
        }
        next = 0;
        if (stoodMs >= soundMs) delayMs = backoffMs.first;
        env.log.debug({ source: source.name, err: error, delayMs }, 'no event stream from the runtime; trying again');
        await sleep(env, delayMs, signal);
        delayMs = Math.min(delayMs * 2, backoffMs.max);
      }
    },
  };
}

function open(channel: Client, source: Source): ClientReadableStream<unknown> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(source.metadata)) metadata.set(name, value);
  return channel.makeServerStreamRequest(
    source.method.path,
    source.method.requestSerialize,
    source.method.responseDeserialize,
    source.request,
    metadata,
  );
}

/** Rejects when the stream ends, for whatever reason. */
function ending(stream: ClientReadableStream<unknown>, name: string): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    stream.once('error', reject);
    stream.once('end', () => reject(new CriError('unavailable', name, 'the runtime ended the event stream')));
  });
  // A later loser of a race is still handled.
  promise.catch(() => {});
  stream.on('error', () => {});
  return promise;
}

function sources(services: Services): Source[] {
  return [
    {
      // containerd's own service: the earliest and the most reliable (1.6 and later).
      name: 'Subscribe',
      method: method(services.containerdEvents, 'Subscribe'),
      request: { filters: ['namespace==k8s.io,topic~="^/tasks/(start|exit|oom|delete)$"'] },
      metadata: { 'containerd-namespace': 'k8s.io' },
      toHint: (message) => taskHint(services, message as WireEnvelope),
    },
    {
      // CRI's: containerd 1.7 and later, CRI-O when enable_pod_events is set.
      name: 'GetContainerEvents',
      method: method(services.runtime, 'GetContainerEvents'),
      request: {},
      metadata: {},
      toHint: (message) => containerHint(message as WireContainerEvent),
    },
  ];
}

interface WireEnvelope {
  topic: string;
  event: { type_url: string; value: Uint8Array } | null;
}

/** Common to the payloads that `taskKinds` names, and what TaskExit has beside. */
interface WireTask {
  containerId: string;
  id: string;
  exitStatus: number;
  exitedAt: { seconds: number; nanos: number } | null;
}

interface WireContainerEvent {
  containerId: string;
  containerEventType: string;
}

const taskKinds: Partial<Record<string, RuntimeHint['kind']>> = {
  '/tasks/start': 'started',
  '/tasks/exit': 'exited',
  '/tasks/oom': 'oom',
  '/tasks/delete': 'deleted',
};

function taskHint(services: Services, { topic, event }: WireEnvelope): RuntimeHint | undefined {
  const kind = taskKinds[topic];
  if (!kind || !event) return undefined;
  // The type URL may carry a prefix that ends with a slash.
  const typeName = event.type_url.slice(event.type_url.lastIndexOf('/') + 1);
  const task = (services.decode(typeName, event.value) ?? {}) as Partial<WireTask>;
  const { containerId = '', id = '', exitStatus = 0, exitedAt } = task;
  // An exec's process ends under an id of its own; probes would wake the loop all the time.
  if (containerId === '' || (id !== '' && id !== containerId)) return undefined;
  if (kind !== 'exited' || !exitedAt) return { kind, containerId };
  const finishedAtMs = exitedAt.seconds * 1000 + exitedAt.nanos / 1e6;
  return { kind, containerId, end: { exitCode: exitStatus, finishedAtMs } };
}

const containerKinds: Partial<Record<string, RuntimeHint['kind']>> = {
  CONTAINER_CREATED_EVENT: 'created',
  CONTAINER_STARTED_EVENT: 'started',
  // It comes when CRI's own status has changed, which is what `deleted` promises.
  CONTAINER_STOPPED_EVENT: 'deleted',
  CONTAINER_DELETED_EVENT: 'deleted',
};

function containerHint({ containerId, containerEventType }: WireContainerEvent): RuntimeHint | undefined {
  const kind = containerKinds[containerEventType];
  return kind && { kind, containerId };
}
