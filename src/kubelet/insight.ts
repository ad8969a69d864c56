/** What the planner has in hand for one Pod, for people who ask. Never published: it is made when it is asked for. */
export interface Insight {
  /** Work under way. */
  readonly doing: readonly { readonly what: string /** Wall clock. */; readonly sinceMs: number }[];
  /** What comes after that, in order; `atMs`: not before then. */
  readonly next: { readonly what: readonly string[]; readonly atMs?: number };
  /** Attempt of each container there is, by id: its log is named after it. */
  readonly attempts: ReadonlyMap<string, number>;
}

export const NO_INSIGHT: Insight = { doing: [], next: { what: [] }, attempts: new Map() };
