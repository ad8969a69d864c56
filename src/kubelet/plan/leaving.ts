import type { ObservedContainer, ObservedPod, ObservedSandbox } from '../observed.ts';
import { removeContainer } from './garbage.ts';
import type { PodInput } from './input.ts';
import { type Steps, stopTogether } from './stop.ts';
import type { Action } from './types.ts';

const DEFAULT_GRACE_SECONDS = 30;

export interface Leaving {
  /** Nothing of it runs any more. */
  readonly gone: boolean;
  /** Their stop has begun. */
  readonly begun: boolean;
  readonly uids: readonly string[];
  readonly stop: Steps;
  /** What must be done before another revision may start. */
  readonly clear: readonly Action[];
  /** What may be done after it has started. */
  readonly remove: readonly Action[];
}

const NOTHING: Leaving = {
  gone: true,
  begun: false,
  uids: [],
  stop: { actions: [], waits: [] },
  clear: [],
  remove: [],
};

/** Everything in this slot that is not of the wanted revision, on its way out. Pure. */
export function planLeaving(
  input: PodInput,
  observed: ObservedPod | undefined,
  wantedUid: string | undefined,
): Leaving {
  if (!observed) return NOTHING;
  const containers = observed.containers.filter((container) => container.uid !== wantedUid);
  const sandboxes = observed.sandboxes.filter((sandbox) => sandbox.uid !== wantedUid);
  const uids = [...new Set([...sandboxes, ...containers].map(({ uid }) => uid))].sort();
  const alive = containers.filter(
    (container) =>
      container.state === 'running' || container.state === 'unknown' || input.inFlight.stopping.has(container.id),
  );
  const stops = uids.map((uid) => stopRevision(input, uid, alive, sandboxes));
  const known = new Set(sandboxes.map((sandbox) => sandbox.id));
  return {
    gone: alive.length === 0,
    begun: uids.some((uid) => input.notesOf(uid).stoppingSinceMs !== undefined),
    uids,
    stop: { actions: stops.flatMap((steps) => steps.actions), waits: stops.flatMap((steps) => steps.waits) },
    clear: sandboxes
      .filter((sandbox) => sandbox.state === 'ready')
      .map((sandbox) => ({ kind: 'stop-sandbox', sandboxId: sandbox.id })),
    remove: [
      ...containers.filter((container) => !known.has(container.sandboxId)).map(removeContainer),
      ...uids.flatMap((uid): Action[] => [
        ...sandboxes
          .filter((sandbox) => sandbox.uid === uid)
          .map((sandbox): Action => ({ kind: 'remove-sandbox', sandboxId: sandbox.id })),
        { kind: 'release-pod', uid },
      ]),
    ],
  };
}

function stopRevision(
  input: PodInput,
  uid: string,
  alive: readonly ObservedContainer[],
  sandboxes: readonly ObservedSandbox[],
): Steps {
  const pod = sandboxes.find((sandbox) => sandbox.uid === uid && sandbox.record.revision)?.record.revision?.pod;
  const grace = (container: ObservedContainer) =>
    pod?.spec.terminationGracePeriodSeconds ?? container.record.gracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  return stopTogether(
    input,
    pod,
    alive.filter((container) => container.uid === uid),
    grace,
  );
}
