/** A beginning says something only when it is this long. */
const MIN_BEGINNING = 4;

/**
 * The candidate that `name` was most likely meant to be: the one with the fewest slips (letters added, left out,
 * changed, or two neighbours swapped), if they are few for its length; before that, the only one that begins with it.
 * Case does not count.
 */
export function closest(name: string, candidates: Iterable<string>): string | undefined {
  const all = [...candidates];
  const lower = name.toLowerCase();
  const longer = name.length < MIN_BEGINNING ? [] : all.filter((one) => one.toLowerCase().startsWith(lower));
  if (longer.length === 1) return longer[0];
  const limit = Math.floor(name.length / 3);
  let best: string | undefined;
  let bestSlips = limit + 1;
  for (const candidate of all) {
    if (Math.abs(candidate.length - name.length) >= bestSlips) continue;
    const slips = countSlips(name.toLowerCase(), candidate.toLowerCase());
    if (slips < bestSlips) {
      best = candidate;
      bestSlips = slips;
    }
  }
  return best;
}

/** `; did you mean X?`, or nothing. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const found = closest(name, candidates);
  return found === undefined ? '' : `; did you mean ${found}?`;
}

/** Optimal string alignment distance. */
function countSlips(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const changed = (last[column - 1] ?? 0) + (same ? 0 : 1);
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        changed,
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        swapped && row > 1 && column > 1 ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
