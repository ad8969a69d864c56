/** What a provider is: it finds out whether this is its kind of machine, and fetches what the machine was given. */
import type { Env } from '../kubelet/env.ts';
import type { MetadataErrorKind } from '../kubelet/metadata-view.ts';
import type { Machine } from './machine.ts';
import type { Service } from './service.ts';

export interface Provider {
  /** Lower case: what `--metadata` names. */
  readonly name: string;
  /** What people call it; for the documentation and `rower metadata explain`. */
  readonly title: string;
  /** Why this machine is of this kind, e.g. `product_name is "Google"`; undefined: it is not. Asks no network. */
  detect(machine: Machine): Promise<string | undefined>;
  /** Rejects with MetadataError. */
  fetch(context: FetchContext): Promise<Fetched>;
  /** Base URLs in the order they are tried. Absent: it asks no network. */
  bases?(machine: Machine): Promise<string[]> | string[];
  /** Its user-data may change while the machine runs: asked again after so long. Absent: only when the agent starts. */
  readonly pollMs?: number;
  /**
   * Resolves with the service's mark of what there is now: when it is another one than `last`, or when it is time. Without a
   * `last` at once. Rejects with MetadataError.
   */
  waitForChange?(context: FetchContext, last: string | undefined): Promise<string>;
}

export interface FetchContext {
  machine: Machine;
  /** What stands behind `=` in `--metadata NAME=ARGUMENT`. */
  argument?: string;
  /** Requests to the bases of the provider. */
  service: Service;
  env: Env;
  signal: AbortSignal;
}

export interface Payload {
  /** `user-data`, `attributes/kube-pods`: for messages. */
  name: string;
  bytes: Uint8Array;
  /** The provider's rules say that it is base64. */
  base64?: boolean;
  /** The URL or path it is from: a signature may lie beside it. */
  location?: string;
  /** cloud-init reads it too: its `write_files` are written by it, and what it runs is left to it. */
  cloudInitToo?: true;
}

export interface Fetched {
  /** Another one is another machine. Absent: it does not tell. */
  instanceId?: string;
  /**
   * In the order they are tried: the next one counts when the one before has nothing for Rower. None at all: there is no
   * user-data, which is not the same as empty user-data.
   */
  payloads: Payload[];
  /** `instance_type`, `region`, `zone`, `hostname`, `private_ipv4`, `public_ipv4`, …, `tags.NAME`. */
  attributes: Record<string, string>;
  /** cloud-init has written its `write_files`. */
  writeFilesDone?: true;
  /** Which machine of one request this is. */
  launchIndex?: number;
}

interface MetadataErrorOptions {
  cause?: unknown;
  retryAfterMs?: number | undefined;
  final?: boolean;
  /** Default `invalid`. */
  kind?: MetadataErrorKind;
}

export class MetadataError extends Error {
  override name = 'MetadataError';
  /** The service says when to ask again. */
  readonly retryAfterMs: number | undefined;
  /** Asking again soon is no use: something has to be changed. */
  readonly final: boolean;
  readonly kind: MetadataErrorKind;
  constructor(message: string, options: MetadataErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
    this.final = options.final ?? false;
    this.kind = options.kind ?? 'invalid';
  }
}

/** Without what is absent or empty. */
export function present(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(entries);
}
