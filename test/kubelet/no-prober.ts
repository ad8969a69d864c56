import type { Prober } from '../../src/kubelet/prober.ts';

/** For tests whose containers have no probes. */
export function noProber(): Prober {
  const verdicts = new Map<string, never>();
  return { update: () => {}, verdicts: () => verdicts, run: async () => {} };
}
