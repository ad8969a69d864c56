/** One row of the field tables. */
export interface Field {
  /** See `fields.ts` for the notation. */
  readonly type: string;
  /**
   * `yes`: works. `ignored`: stays in the Pod and has no effect here. `dropped`: taken out, the agent or nobody sets it.
   * `later`: this version cannot do it. `never`: makes no sense on a machine without a cluster.
   */
  readonly support: 'yes' | 'ignored' | 'dropped' | 'later' | 'never';
  /** `ignored`: the warning. `never`: the reason. */
  readonly note?: string;
  /** `ignored`: values that ask for what is so anyway; no warning is given. */
  readonly moot?: readonly unknown[];
  /** What Kubernetes fills in (pkg/apis/core/v1/defaults.go), when it depends on nothing else. */
  readonly default?: unknown;
  /** The value is never shown. */
  readonly secret?: boolean;
}

export type FieldTable = Readonly<Record<string, Field>>;

type Extras = { default?: unknown; secret?: boolean; moot?: readonly unknown[] };

export function yes(type: string, extras: Extras = {}): Field {
  return { type, support: 'yes', ...extras };
}

export function ignored(type: string, warning?: string, extras: Extras = {}): Field {
  return { type, support: 'ignored', ...(warning !== undefined && { note: warning }), ...extras };
}

export function dropped(type: string): Field {
  return { type, support: 'dropped' };
}

export function later(type: string, extras: Extras = {}): Field {
  return { type, support: 'later', ...extras };
}

export function never(type: string, reason: string): Field {
  return { type, support: 'never', note: reason };
}
