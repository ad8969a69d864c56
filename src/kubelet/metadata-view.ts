/** What is known of the machine's metadata, for the status endpoint, metrics and `rower explain`. Holds no secrets. */

/**
 * `looking`: which provider it is. `none`: none fits, which is an answer. `asking`: the first answer is awaited. `current`:
 * the last answer was taken. `refused`: it was not. `failing`: there was none.
 */
export type MetadataState = 'looking' | 'none' | 'asking' | 'current' | 'refused' | 'failing';

/**
 * `unreachable`: no answer. `denied`: 401 or 403. `status`: another status that is no answer. `identity`: what answers is not
 * who it should be. `invalid`: an answer that makes no sense. `medium`: a disc that cannot be read. `refused`: user-data that
 * is not taken. `write`: the manifests cannot be written.
 */
export type MetadataErrorKind =
  | 'unreachable'
  | 'denied'
  | 'status'
  | 'identity'
  | 'invalid'
  | 'medium'
  | 'refused'
  | 'write';

export const METADATA_ERROR_KINDS: readonly MetadataErrorKind[] = [
  'unreachable',
  'denied',
  'status',
  'identity',
  'invalid',
  'medium',
  'refused',
  'write',
];

export interface MetadataProblem {
  readonly severity: 'error' | 'warning';
  /** `user-data (provider ec2, part 2 "pod.yaml")` */
  readonly place: string;
  /** Empty: the whole of it. */
  readonly field: string;
  readonly message: string;
  /** Both count from 1. */
  readonly line?: number;
  readonly column?: number;
}

export interface MetadataView {
  readonly state: MetadataState;
  /** What this machine is to run is known, from now or from before a restart. */
  readonly known: boolean;
  readonly provider?: string;
  /** Why it is that provider, e.g. `sys_vendor is "Hetzner"`. */
  readonly reason?: string;
  readonly instanceId?: string;
  /** Of the last answer: `files`, `nothing`, `empty`, `absent` or `refused`. */
  readonly outcome?: string;
  /** The part of the metadata that decided, e.g. `instance/attributes/kube-pods`. */
  readonly payload?: string;
  /** The first 12 hex digits of the SHA-256 of these bytes as they came. */
  readonly userDataSha256?: string;
  /** Manifests in use, and the Pods and other documents (ConfigMaps, Secrets and the like) in them. */
  readonly files: number;
  readonly pods: number;
  readonly documents: number;
  /** Wall clock, ms since the epoch, as are all of these. */
  readonly lastSuccessAtMs?: number;
  readonly changedAtMs?: number;
  readonly nextTryAtMs?: number;
  /** Why the last attempt failed; absent after an answer. */
  readonly error?: { readonly kind: MetadataErrorKind; readonly message: string; readonly atMs: number };
  /** What is wrong with the user-data of the last answer. */
  readonly problems: readonly MetadataProblem[];
  /** Since the agent started. */
  readonly asked: number;
  readonly errors: Readonly<Partial<Record<MetadataErrorKind, number>>>;
}
