/**
 * The objects of each kind as this endpoint serves them, kept up to date from `Published`, with what changed last.
 *
 * One counter gives every change a resource version of its own (in one round several Pods may change, and a client that
 * saw only some of it must be able to go on from there). It starts from the wall clock in microseconds, so that it also
 * grows over restarts of the agent. Source of the rules: Kubernetes API concepts, "Resource versions".
 */
import type { EventRing } from '../kubelet/events.ts';
import type { CloudFacts, Node as NodeFacts } from '../kubelet/node.ts';
import type { MachineState } from '../kubelet/node-pressure.ts';
import type { Published } from '../kubelet/published.ts';
import { eventNamespace, eventObject, namespaceObject, nodeObject, nodeReadiness, podObject } from './objects.ts';
import { type KubeObject, RESOURCES, type ResourceName } from './resources.ts';

/** Changes kept per kind for watches that come back; older ones answer 410. */
const MAX_CHANGES = 512;
/** An unchanged Node is told anew this often, as the kubelet does (nodeStatusReportFrequency). */
const NODE_HEARTBEAT_MS = 5 * 60_000;

export interface Item {
  /** `namespace/name`, or the name where there is no namespace; lists are in this order. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: KubeObject;
}

/** `before` absent: added; `after` absent: deleted. */
export interface Change {
  readonly resourceVersion: number;
  readonly before?: Item;
  readonly after?: Item;
}

/** One object as it should be now. `version` equal to the last one's means that nothing changed. */
interface Wanted {
  namespace: string;
  name: string;
  version: unknown;
  build(resourceVersion: string): KubeObject;
  /** Made of what is kept anyway: it is built whenever it is asked for, and takes no memory in between. */
  isFleeting?: boolean;
}

interface Collection {
  readonly items: Map<string, Item & { readonly version: unknown }>;
  /** Oldest first. */
  readonly changes: Change[];
  /** Every change after this version is in `changes`. */
  completeSince: number;
  readonly listeners: Set<(changes: readonly Change[]) => void>;
}

export class Store {
  readonly #events: EventRing;
  readonly #port: number;
  readonly #isWhole: boolean;
  readonly #collections: Readonly<Record<ResourceName, Collection>>;
  /** JSON of objects as items of a list: made once, since lists are asked for far more often than Pods change. */
  readonly #texts = new WeakMap<KubeObject, string>();
  #version = 0;
  #published: Published | undefined;
  #eventSequence = -1;
  #readiness: { ready: boolean; sinceMs: number } | undefined;

  /** `port`: where the endpoint listens, told in the Node object; `isWhole`: Pods with their secrets. */
  constructor(events: EventRing, port: number, isWhole = false) {
    this.#events = events;
    this.#port = port;
    this.#isWhole = isWhole;
    const collections = Object.keys(RESOURCES).map((name): [string, Collection] => [
      name,
      { items: new Map(), changes: [], completeSince: 0, listeners: new Set() },
    ]);
    this.#collections = Object.fromEntries(collections) as Record<ResourceName, Collection>;
  }

  /** Version of the newest change of any kind. */
  get resourceVersion(): number {
    return this.#version;
  }

  /** Sorted by key. */
  list(resource: ResourceName): Item[] {
    return [...this.#collections[resource].items.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** The object's JSON without the kind, which a list tells once for all. */
  listText(object: KubeObject): string {
    const known = this.#texts.get(object);
    if (known !== undefined) return known;
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
    const text = JSON.stringify(rest);
    this.#texts.set(object, text);
    return text;
  }

  get(resource: ResourceName, namespace: string, name: string): Item | undefined {
    return this.#collections[resource].items.get(keyOf(namespace, name));
  }

  /** The changes after that version, or `undefined` when some of them are forgotten or it is yet to come. */
  changesSince(resource: ResourceName, resourceVersion: number): readonly Change[] | undefined {
    const { changes, completeSince } = this.#collections[resource];
    if (resourceVersion < completeSince || resourceVersion > this.#version) return undefined;
    return changes.filter((change) => change.resourceVersion > resourceVersion);
  }

  /** Calls `listener` with each batch of changes from now on. Returns how to stop. */
  follow(resource: ResourceName, listener: (changes: readonly Change[]) => void): () => void {
    const { listeners } = this.#collections[resource];
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Takes in what is published now. Cheap and without effect when nothing is new. */
  refresh(published: Published, nowMs: number, machine: MachineState = { conditions: [] }): void {
    if (this.#published === undefined) {
      this.#version = Math.floor(published.startedAtMs * 1000);
      for (const collection of Object.values(this.#collections)) collection.completeSince = this.#version;
    }
    if (published !== this.#published) {
      this.#published = published;
      this.#apply('pods', pods(published, this.#isWhole));
      this.#apply('namespaces', namespaces(published));
    }
    this.#apply('nodes', [this.#node(published, nowMs, machine)]);
    if (this.#events.sequence !== this.#eventSequence) {
      this.#eventSequence = this.#events.sequence;
      this.#apply('events', events(this.#events, published.node.name));
    }
  }

  #node(published: Published, nowMs: number, machine: MachineState): Wanted {
    const { node, runtime, atMs, startedAtMs } = published;
    const { ready, message } = nodeReadiness(published);
    this.#readiness ??= { ready, sinceMs: startedAtMs };
    if (this.#readiness.ready !== ready) this.#readiness = { ready, sinceMs: atMs };
    const { sinceMs } = this.#readiness;
    const beat = Math.floor(nowMs / NODE_HEARTBEAT_MS);
    const pressures = machine.conditions.map((one) => `${one.status} ${one.message}`);
    return {
      namespace: '',
      name: node.name,
      version: [
        message,
        runtime.name,
        runtime.version,
        node.ips.join(),
        cloudText(node),
        node.maxPods,
        beat,
        ...pressures,
      ].join('\0'),
      build: (resourceVersion) => nodeObject(published, { sinceMs, nowMs, port: this.#port, resourceVersion, machine }),
    };
  }

  #apply(resource: ResourceName, wanted: readonly Wanted[]): void {
    const collection = this.#collections[resource];
    const batch: Change[] = [];
    const gone = new Map(collection.items);
    for (const { namespace, name, version, build, isFleeting } of wanted) {
      const key = keyOf(namespace, name);
      const before = gone.get(key);
      gone.delete(key);
      if (before && before.version === version) continue;
      this.#version += 1;
      const item = { key, namespace, name, version };
      const resourceVersion = String(this.#version);
      const after = isFleeting
        ? {
            ...item,
            get object() {
              return build(resourceVersion);
            },
          }
        : { ...item, object: build(resourceVersion) };
      collection.items.set(key, after);
      batch.push({ resourceVersion: this.#version, ...(before && { before }), after });
    }
    for (const [key, before] of gone) {
      this.#version += 1;
      collection.items.delete(key);
      batch.push({ resourceVersion: this.#version, before });
    }
    if (batch.length === 0) return;
    collection.changes.push(...batch);
    const dropped = collection.changes.splice(0, collection.changes.length - MAX_CHANGES);
    collection.completeSince = dropped.at(-1)?.resourceVersion ?? collection.completeSince;
    for (const listener of collection.listeners) listener(batch);
  }
}

export function keyOf(namespace: string, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}

function pods(published: Published, isWhole: boolean): Wanted[] {
  return published.pods.map((view) => {
    const { namespace, name, uid, resourceVersion } = view.pod.metadata;
    return {
      namespace,
      name,
      version: `${uid}/${resourceVersion}`,
      build: (version) => podObject(view, published, version, isWhole),
    };
  });
}

/** The namespaces that Pods name, and the one that is always there. */
function namespaces(published: Published): Wanted[] {
  const names = new Set(['default', ...published.pods.map(({ pod }) => pod.metadata.namespace)]);
  return [...names].map((name) => ({
    namespace: '',
    name,
    version: '',
    build: (version) => namespaceObject(name, published, version),
  }));
}

function events(ring: EventRing, nodeName: string): Wanted[] {
  return ring.list().map((record) => ({
    namespace: eventNamespace(record),
    name: record.name,
    version: record.sequence,
    build: (version) => eventObject(record, nodeName, version),
    isFleeting: true,
  }));
}

/** The same object as long as nothing in it changed. */
const cloudTexts = new WeakMap<CloudFacts, string>();

function cloudText({ cloud }: NodeFacts): string {
  if (!cloud) return '';
  const known = cloudTexts.get(cloud);
  if (known !== undefined) return known;
  const text = JSON.stringify(cloud);
  cloudTexts.set(cloud, text);
  return text;
}
