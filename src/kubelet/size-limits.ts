import { type Env, sleep } from './env.ts';
import type { Host } from './host.ts';
import type { Lanes } from './lanes.ts';
import { podKey, type Revision } from './types.ts';

/** As often as the kubelet's eviction manager looks (pkg/kubelet/eviction). */
const PERIOD_MS = 10_000;
const OWNER = podKey('', '');
const LANE = 'sizes';

/**
 * Looks whether volumes of wanted Pods have outgrown their `sizeLimit`, in a lane of its own: one Pod after the other,
 * and ten seconds later again. `evict` is told of each that has, with the kubelet's words.
 */
export function checkSizeLimits(options: {
  env: Env;
  host: Host;
  lanes: Lanes;
  wanted: () => Iterable<Revision>;
  evict: (revision: Revision, message: string) => void;
}): void {
  const { env, host, lanes } = options;
  const limited = () => [...options.wanted()].filter(hasSizeLimit);
  // The end of a lane brings a round: none for nothing.
  if (lanes.busy('garbage', LANE) || limited().length === 0) return;
  lanes.start('garbage', LANE, OWNER, async (signal) => {
    for (const revision of limited()) {
      if (signal.aborted) return 'ok';
      try {
        const message = await host.overgrown(revision.pod);
        if (message !== undefined) options.evict(revision, message);
      } catch (error) {
        env.log.warn(
          { pod: revision.key, error: String(error) },
          'the size of a volume cannot be told; tried again in ten seconds',
        );
      }
    }
    await sleep(env, PERIOD_MS, signal);
    return 'ok';
  });
}

function hasSizeLimit({ pod }: Revision): boolean {
  return (pod.spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined && !emptyDir.medium);
}
