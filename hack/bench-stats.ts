/** Few, noisy samples in, figures for people out. */

/** `fraction` of the samples are smaller; between two samples the line between them counts. Throws without samples. */
export function quantile(samples: readonly number[], fraction: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const place = fraction * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new Error('no samples');
  return below + (above - below) * (place - Math.floor(place));
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** How a sample set is summed up: the median, and the range that the middle half lies in. */
export interface Summary {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export function summarize(samples: readonly number[]): Summary {
  return {
    median: median(samples),
    low: quantile(samples, 0.25),
    high: quantile(samples, 0.75),
    count: samples.length,
  };
}

/** Of rounds measured in turn: ours against theirs, by medians. */
export interface Comparison {
  readonly ours: Summary;
  readonly theirs: Summary;
  readonly ratio: number;
}

export function compare(ours: readonly number[], theirs: readonly number[]): Comparison {
  const [a, b] = [summarize(ours), summarize(theirs)];
  return { ours: a, theirs: b, ratio: a.median / b.median };
}

/** The key whose samples have the smallest median; the first of equals. Throws when there is none. */
export function best<K>(samplesOf: ReadonlyMap<K, readonly number[]>): K {
  const [first] = [...samplesOf].sort(([, a], [, b]) => median(a) - median(b));
  if (!first) throw new Error('nothing to choose from');
  return first[0];
}

/** `240 ms (231–259)`, with seconds from 10 s on. */
export function showMs({ median: middle, low, high }: Summary): string {
  const [unit, show] =
    middle >= 10_000
      ? (['s', (ms: number) => (ms / 1000).toFixed(1)] as const)
      : (['ms', (ms: number) => ms.toFixed(0)] as const);
  return `${show(middle)} ${unit} (${show(low)}–${show(high)})`;
}

/** The longest time between neighbours of ascending instants; 0 when there are fewer than two. */
export function longestGap(instants: readonly number[]): number {
  let longest = 0;
  for (const [index, instant] of instants.entries()) {
    const before = instants[index - 1];
    if (before !== undefined) longest = Math.max(longest, instant - before);
  }
  return longest;
}
