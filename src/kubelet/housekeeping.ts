import { type Env, sleep } from './env.ts';
import type { Host } from './host.ts';
import type { Lanes } from './lanes.ts';
import { podKey } from './types.ts';

const PERIOD_MS = 60_000;
const OWNER = podKey('', '');

/**
 * Removes directories and logs of Pods that nothing knows any more: what a crash between the last removal and the
 * clean-up left behind. Once a minute, in a lane of its own; each removal takes the main lane of its slot, so that it
 * can never meet a start of the same Pod. `living` is asked right before each removal.
 */
export function collectOrphans({
  env,
  host,
  lanes,
  living,
}: {
  env: Env;
  host: Host;
  lanes: Lanes;
  living: (uid: string) => boolean;
}): void {
  lanes.start('garbage', 'pods', OWNER, async (signal) => {
    try {
      // Of one slot together: edits that were called off leave many, and a slot has one lane.
      const slots = Map.groupBy(await host.listPods(), (pod) => podKey(pod.namespace, pod.name));
      for (const [key, pods] of slots) {
        if (signal.aborted) return 'ok';
        if (pods.every(({ uid }) => living(uid))) continue;
        lanes.start('pod', key, key, async (stop) => {
          for (const pod of pods)
            if (!stop.aborted && !living(pod.uid))
              await host.removePod(pod).catch((error: unknown) => complain(env, error));
          return 'ok';
        });
      }
    } catch (error) {
      complain(env, error);
    }
    await sleep(env, PERIOD_MS, signal);
    return 'ok';
  });
}

function complain(env: Env, error: unknown): void {
  env.log.warn(
    { error: error instanceof Error ? error.message : String(error) },
    'files of a Pod that is gone could not be removed; tried again in a minute',
  );
}
