import type { PodKey, Revision } from './types.ts';

/**
 * What is wanted of one slot.
 *
 * - `want`: run this revision. `held` tells why it is not what the manifest says now (the manifest is broken, or its
 *   source cannot be read): the last good revision runs on.
 * - `hold`: something runs whose revision is not known, and nothing says that it is unwanted: leave it alone.
 * - `drop`: stop it with its own grace period and remove it.
 */
export type Slot =
  | { readonly state: 'want'; readonly key: PodKey; readonly revision: Revision; readonly held?: string }
  | { readonly state: 'hold'; readonly key: PodKey; readonly why: string }
  | { readonly state: 'drop'; readonly key: PodKey };

/** The uid that is to run, or empty. */
export function wantedUid(slot: Slot): string {
  return slot.state === 'want' ? slot.revision.uid : '';
}
