/**
 * Watches: one JSON event per line for each change. Rules: Kubernetes API concepts, "Efficient detection of changes" and
 * "Streaming lists"; apiserver pkg/storage/cacher.
 *
 *   start ── initial ADDED ──▶ live ── timeoutSeconds, shutdown ──▶ end
 *   (or the changes since        └── client too slow ── ERROR 410 ──▶ end
 *    its resource version)
 */
import type { Cancel, Env } from '../kubelet/env.ts';
import { parseFilter, parseResourceVersion, type Scope } from './collection.ts';
import { isTrue, negotiate, type Request, type Sink, type StreamReply, TABLE } from './message.ts';
import type { KubeObject } from './resources.ts';
import { ApiError, badRequest, expired, invalid, tooManyRequests } from './status.ts';
import type { Change, Item, Store } from './store.ts';
import { parseIncludeObject, table } from './table.ts';

const MAX_WATCHES = 64;
/** A client that lags by more than this has to list again. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
const BOOKMARK_EVERY_MS = 60_000;
/** Without `timeoutSeconds` a watch lasts this long, up to twice, so that not all end at once. */
const DEFAULT_TIMEOUT_MS = 30 * 60_000;
/** Changes that come together are told once. */
const SIGNAL_PAUSE_MS = 250;
/** Keeps what is in between from closing a connection that has nothing to say. */
const KEEP_ALIVE_MS = 20_000;
const INITIAL_EVENTS_END = { 'k8s.io/initial-events-end': 'true' };

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/** All watches of one endpoint; there is a limit on how many. */
export class Watches {
  readonly #env: Env;
  readonly #store: Store;
  readonly #jitter: () => number;
  readonly #open = new Set<Sink>();

  constructor(env: Env, store: Store) {
    this.#env = env;
    this.#store = store;
    this.#jitter = env.random('watch');
  }

  /** Checks the request (throws ApiError) and returns a stream that begins when the server starts it. */
  reply(request: Request, scope: Scope): StreamReply {
    const plan = parse(request, scope, this.#store);
    this.#checkRoom();
    return {
      status: 200,
      headers: { 'Content-Type': 'application/json' },
      start: (sink) => this.#start(sink, plan, scope),
    };
  }

  /**
   * Server-sent events without content, one for all changes of a moment. `follow` is given what to call at a change and
   * returns how to stop. Throws 429.
   */
  signal(follow: (tell: () => void) => () => void): StreamReply {
    this.#checkRoom();
    return {
      status: 200,
      headers: { 'Content-Type': 'text/event-stream' },
      start: (sink) => this.#signal(sink, follow),
    };
  }

  #checkRoom(): void {
    if (this.#open.size >= MAX_WATCHES)
      throw tooManyRequests(`there are ${MAX_WATCHES} watches already: try again later`);
  }

  #signal(sink: Sink, follow: (tell: () => void) => () => void): void {
    let pending: Cancel | undefined;
    let beat: Cancel = () => undefined;
    const send = (text: string) => {
      if (sink.pendingBytes() > MAX_PENDING_BYTES) sink.destroy();
      else sink.write(text);
    };
    const beatLater = () => {
      beat = this.#env.after(KEEP_ALIVE_MS, () => {
        send(':\n\n');
        beatLater();
      });
    };
    this.#open.add(sink);
    const stop = follow(() => {
      pending ??= this.#env.after(SIGNAL_PAUSE_MS, () => {
        pending = undefined;
        send('event: change\ndata:\n\n');
      });
    });
    sink.onClose(() => {
      this.#open.delete(sink);
      stop();
      pending?.();
      beat();
    });
    send('retry: 2000\n\n');
    beatLater();
  }

  /** Ends every watch in order. */
  close(): void {
    for (const sink of this.#open) sink.end();
  }

  #start(sink: Sink, plan: WatchPlan, { resource }: Scope): void {
    const { matches, encode, bookmarks, sendInitialEvents, since } = plan;
    const send = (type: EventType, object: object) => sink.write(`${JSON.stringify({ type, object })}\n`);
    const sendBookmark = (annotations?: Record<string, string>) => {
      const metadata = { resourceVersion: String(this.#store.resourceVersion), ...(annotations && { annotations }) };
      send('BOOKMARK', encode({ kind: resource.kind, apiVersion: 'v1', metadata }, this.#env.nowMs()));
    };
    const sendChanges = (changes: readonly Change[]) => {
      for (const change of changes) {
        const event = asEvent(change, matches);
        if (event) send(event.type, encode(event.object, this.#env.nowMs()));
      }
      if (sink.pendingBytes() <= MAX_PENDING_BYTES) return;
      send('ERROR', expired('the client reads too slowly: too old resource version').body());
      sink.end();
    };

    this.#open.add(sink);
    const timers = new Set<Cancel>();
    const stopFollowing = this.#store.follow(resource.name, sendChanges);
    sink.onClose(() => {
      this.#open.delete(sink);
      stopFollowing();
      for (const cancel of timers) cancel();
    });

    const timeoutMs = plan.timeoutMs ?? DEFAULT_TIMEOUT_MS * (1 + this.#jitter());
    timers.add(this.#env.after(timeoutMs, () => sink.end()));
    const bookmarkLater = () => {
      const cancel = this.#env.after(BOOKMARK_EVERY_MS, () => {
        timers.delete(cancel);
        sendBookmark();
        bookmarkLater();
      });
      timers.add(cancel);
    };

    if (since === undefined) {
      for (const item of this.#store.list(resource.name)) {
        if (matches(item)) send('ADDED', encode(item.object, this.#env.nowMs()));
      }
    } else {
      sendChanges(this.#store.changesSince(resource.name, since) ?? []);
    }
    if (sendInitialEvents) sendBookmark(INITIAL_EVENTS_END);
    if (bookmarks) bookmarkLater();
  }
}

interface WatchPlan {
  matches(item: Item): boolean;
  encode(object: KubeObject, nowMs: number): object;
  /** Absent: begin with everything there is. */
  since?: number;
  timeoutMs?: number;
  bookmarks: boolean;
  sendInitialEvents: boolean;
}

function parse(request: Request, scope: Scope, store: Store): WatchPlan {
  const { query } = request;
  const { resource } = scope;
  const version = negotiate(request.accept, TABLE);
  const includeObject = parseIncludeObject(query.get('includeObject'));
  const sendInitialEvents = isTrue(query.get('sendInitialEvents'));
  const match = query.get('resourceVersionMatch') ?? '';
  if (sendInitialEvents) {
    if (match !== 'NotOlderThan')
      throw invalid(
        'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      );
    if (version !== undefined) throw new ApiError(406, 'NotAcceptable', 'sendInitialEvents is not served as a Table');
  } else if (match !== '' && !query.has('sendInitialEvents')) {
    throw invalid(
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    );
  }
  const since = sendInitialEvents ? undefined : parseResourceVersion(query.get('resourceVersion'));
  if (since !== undefined && store.changesSince(resource.name, since) === undefined) {
    throw expired(`too old resource version: ${since} (${store.resourceVersion})`);
  }
  const timeoutMs = parseTimeout(query.get('timeoutSeconds'));
  return {
    matches: parseFilter(request, scope),
    encode(object, nowMs) {
      if (version === undefined) return object;
      const metadata = { resourceVersion: object.metadata?.resourceVersion ?? '' };
      const isBookmark = object.metadata?.name === undefined;
      return table(resource, isBookmark ? [] : [object], { version, includeObject, metadata, nowMs });
    },
    ...(since !== undefined && { since }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents,
  };
}

/** An object that stops matching is deleted as far as this watch can see, and one that begins to match is added. */
function asEvent(
  { before, after, resourceVersion }: Change,
  matches: (item: Item) => boolean,
): { type: EventType; object: KubeObject } | undefined {
  const was = before !== undefined && matches(before);
  if (after && matches(after)) return { type: was ? 'MODIFIED' : 'ADDED', object: after.object };
  if (!was) return undefined;
  const { object } = before;
  return {
    type: 'DELETED',
    object: { ...object, metadata: { ...object.metadata, resourceVersion: String(resourceVersion) } },
  };
}

function parseTimeout(text: string | null): number | undefined {
  if (text === null || text === '' || text === '0') return undefined;
  if (!/^\d{1,9}$/.test(text))
    throw badRequest(`timeoutSeconds: Invalid value: ${JSON.stringify(text)}: must be a whole number of seconds`);
  return Number(text) * 1000;
}
