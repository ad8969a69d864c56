import type { Kind } from './kinds.ts';

/** One setting of the agent: a row of the tables in settings.ts and endpoint-settings.ts. */
export interface Setting<T> {
  /** Path in KubeletConfiguration, dots between its parts; absent where that file has no such field. */
  field?: string;
  /** Name of the flag of `rower run`, without dashes. */
  flag?: string;
  kind: Kind<T>;
  default: T;
  /** An explicit zero value (`""`, `0`, `0s`) means the default, as in the kubelet's own defaulting. */
  zeroIsUnset?: true;
  /** Accepted and checked, but nothing uses it yet: a file that sets it gets it named in the warning. */
  pending?: true;
  /** A SIGHUP changes it while the agent runs: it is read through src/live-settings.ts and never copied. */
  live?: true;
  /** One line; for `--help` and the documentation. */
  help: string;
}
