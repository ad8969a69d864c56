/** What goes into ingest and what comes out. */
import type { Serials } from './claims.ts';
import type { Directives } from './directives.ts';
import type { Keys } from './signatures.ts';

export interface IngestOptions {
  /** Name of the provider, for messages. */
  provider: string;
  /** Its name ends the names of Pods. */
  nodeName: string;
  /** Where `write_files` may write, absolute. */
  manifestDirectory: string;
  /** The whole input is base64 by the provider's own rules. */
  base64?: boolean;
  /** Another program on this machine, cloud-init, has written the `write_files` already. */
  writeFilesDone?: boolean;
  /** Which machine of one request this is; parts with another `Launch-Index` are not for it. Default 0. */
  launchIndex?: number;
  /** What `${metadata.KEY}` stands for, e.g. `zone`, `tags.role`. */
  variables?: ReadonlyMap<string, string>;
  /** What the cloud calls this machine. */
  instanceId?: string;
  /** The URL or path of the input, beside which a signature may be. */
  location?: string;
  /** Bodies of URLs, as far as they were fetched, undefined for what is not there: see `wanted`. */
  included?: ReadonlyMap<string, Uint8Array | undefined>;
  /** What age made of inputs, by their `cipherId`, as far as it was asked: see `encrypted`. Text is why it cannot. */
  decrypted?: ReadonlyMap<string, Uint8Array | string>;
  /** What an Appliance may be made of, by name. */
  appliances?: ReadonlyMap<string, ApplianceBase>;
  /** Absent: signatures are not looked at. */
  trust?: Trust;
}

export type ApplianceBase = { bytes: Uint8Array } | { problem: string };

export interface Trust {
  /** Without a good signature a manifest is refused; otherwise it is warned of. */
  required: boolean;
  keys: Keys;
  /** Keys are valid for a time. */
  nowMs: number;
  /** What was taken before; text: why that is not known. */
  serials: Serials | string;
  /** Where that is kept, for messages. */
  serialsFile: string;
}

/** One manifest, checked, to be written as a file of its own. */
export interface IngestedFile {
  /** A file name, one path component, without the mark of the writer; it ends in `.yaml`. Unique in a result. */
  name: string;
  text: string;
  /** How many Pods it defines. */
  pods: number;
  /** ConfigMaps and the like beside them. */
  documents: number;
  /** Who signed it, when that was looked at. */
  signer?: string;
}

export interface IngestProblem {
  severity: 'error' | 'warning';
  /** `user-data (provider ec2, part 2 "pod.yaml")` */
  place: string;
  /** `spec.containers[0].image`; absent: the whole part. */
  field?: string;
  message: string;
  /** Both count from 1. */
  line?: number;
  column?: number;
  /** Some lines with a caret, secrets masked. */
  excerpt?: string;
}

/**
 * `nothing`: it says that no Pods are wanted here, or has nothing for Rower. `refused`: there is an error, and no file is
 * given, however good the other parts are. `incomplete`: the URLs of `wanted` are to be fetched and what is `encrypted` to be
 * decrypted, then it is called again.
 */
export interface IngestResult {
  outcome: 'files' | 'nothing' | 'refused' | 'incomplete';
  files: IngestedFile[];
  problems: IngestProblem[];
  wanted: IncludeUrl[];
  encrypted: Uint8Array[];
  /** Of signed objects. */
  serials: ReadonlyMap<string, number>;
  wishes: Wishes;
}

/** What is to be done once there is no user-data any more. Absent: `keep`. */
export type Wishes = Pick<Directives, 'onMissing' | 'onEmpty'>;

export interface IncludeUrl {
  url: string;
  /** 64 hex digits the content must have; absent: any. */
  sha256?: string;
  /** That there is no such file is no fault. */
  optional?: true;
}

/** Input that is not taken. The message says what to do instead. */
export class Refusal extends Error {
  override name = 'Refusal';
}

export const MAX_RAW_BYTES = 1024 * 1024;
export const MAX_UNPACKED_BYTES = 8 * 1024 * 1024;
