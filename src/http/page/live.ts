/** `/rower/v1/live`: tells a page that something has changed, as server-sent events (HTML standard, section 9.2). */
import type { StreamReply } from '../message.ts';
import type { View } from '../view.ts';

/** Kinds that the page shows. */
const KINDS = ['pods', 'nodes', 'events'] as const;

/** Counts as a watch. Throws 429 when there are too many. */
export function live({ store, watches }: View): StreamReply {
  return watches.signal((tell) => {
    const stops = KINDS.map((kind) => store.follow(kind, tell));
    return () => {
      for (const stop of stops) stop();
    };
  });
}
