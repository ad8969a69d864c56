/**
 * Events: a bounded ring in memory, counted and deduplicated as client-go's recorder does (same object, type, reason and
 * message = count + 1). Lost at a restart, as the kubelet's are without an API server.
 */
import type { Env } from './env.ts';

const MAX_EVENTS = 1000;
const MAX_MESSAGE_CHARS = 1024;

export interface EventObject {
  kind: 'Pod' | 'Node';
  namespace: string;
  name: string;
  uid: string;
  /** e.g. `spec.containers{web}`. */
  fieldPath?: string;
}

export interface EventRecord {
  /** Unique, and a valid Kubernetes name: `<object>.<hex>`. */
  readonly name: string;
  readonly object: EventObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Sequence number of the last change, for resourceVersion. */
  readonly sequence: number;
}

export type RecordEvent = (object: EventObject, type: 'Normal' | 'Warning', reason: string, message: string) => void;

export class EventRing {
  readonly #env: Env;
  readonly #byIdentity = new Map<string, EventRecord>();
  readonly #startedUs: number;
  #sequence = 0;

  constructor(env: Env) {
    this.#env = env;
    this.#startedUs = Math.floor(env.nowMs() * 1000);
  }

  /** Oldest first. */
  list(): EventRecord[] {
    return [...this.#byIdentity.values()];
  }

  get sequence(): number {
    return this.#sequence;
  }

  readonly record: RecordEvent = (object, type, reason, message) => {
    const text = message.length > MAX_MESSAGE_CHARS ? `${message.slice(0, MAX_MESSAGE_CHARS - 1)}…` : message;
    const identity = [
      object.kind,
      object.namespace,
      object.name,
      object.uid,
      object.fieldPath,
      type,
      reason,
      text,
    ].join('\0');
    const nowMs = this.#env.nowMs();
    const known = this.#byIdentity.get(identity);
    this.#sequence += 1;
    this.#byIdentity.delete(identity);
    this.#byIdentity.set(identity, {
      name: known?.name ?? `${object.name}.${(this.#startedUs + this.#sequence).toString(16)}`,
      object,
      type,
      reason,
      message: text,
      count: (known?.count ?? 0) + 1,
      firstMs: known?.firstMs ?? nowMs,
      lastMs: nowMs,
      sequence: this.#sequence,
    });
    if (this.#byIdentity.size > MAX_EVENTS) {
      const oldest = this.#byIdentity.keys().next().value;
      if (oldest !== undefined) this.#byIdentity.delete(oldest);
    }
    const fields = {
      reason,
      object: `${object.namespace}/${object.name}`,
      ...(object.fieldPath && { field: object.fieldPath }),
    };
    this.#env.log[type === 'Warning' ? 'warn' : 'info'](fields, text);
  };
}
