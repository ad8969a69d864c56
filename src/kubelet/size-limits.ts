import type { CriStats } from '../cri/stats.ts';
import { type Env, sleep } from './env.ts';
import type { Host } from './host.ts';
import { POD_UID } from './labels.ts';
import type { Lanes } from './lanes.ts';
import { podKey, type Revision } from './types.ts';
import { hasStorageLimit } from './volumes/ephemeral.ts';

/** As often as the kubelet's eviction manager looks (pkg/kubelet/eviction). */
const PERIOD_MS = 10_000;
const OWNER = podKey('', '');
const LANE = 'sizes';

/**
 * Looks whether wanted Pods have outgrown the `sizeLimit` of a volume or a limit of `ephemeral-storage`, in a lane of its own: one Pod after the other,
 * and ten seconds later again. `evict` is told of each that has, with the kubelet's words.
 */
export function checkSizeLimits(options: {
  env: Env;
  host: Host;
  lanes: Lanes;
  stats: Pick<CriStats, 'listContainerStats'>;
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
        const message = await host.overgrown(revision.pod, await written(revision, options.stats));
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

/** Only asked for when something limits it. */
async function written(
  { uid, pod }: Revision,
  stats: Pick<CriStats, 'listContainerStats'>,
): Promise<Map<string, number>> {
  if (!hasStorageLimit(pod)) return new Map();
  const rows = await stats.listContainerStats({ [POD_UID]: uid });
  const bytes = new Map<string, number>();
  for (const { name, writableLayer } of rows)
    bytes.set(name, Math.max(bytes.get(name) ?? 0, writableLayer?.usedBytes ?? 0));
  return bytes;
}

function hasSizeLimit({ pod }: Revision): boolean {
  if (hasStorageLimit(pod)) return true;
  return (pod.spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined && !emptyDir.medium);
}
