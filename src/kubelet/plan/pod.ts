import { EVICTED } from '../host.ts';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from '../observed.ts';
import type { Container, Pod, Revision } from '../types.ts';
import { type ContainerPlan, creating, type Place, planContainer } from './container.ts';
import { allContainers, newestByName } from './containers.ts';
import { asHistory, currentEpoch } from './epoch.ts';
import { failureWait } from './failure.ts';
import { collectGarbage } from './garbage.ts';
import { planInit } from './init.ts';
import type { PodInput } from './input.ts';
import { planLeaving } from './leaving.ts';
import { deadlineMs, isOver } from './over.ts';
import { pullAhead } from './pull-ahead.ts';
import { withResizes } from './resize-steps.ts';
import { mayRestart } from './restart.ts';
import { endedByShutdown, planShutdown, reaches, TERMINATED } from './shutdown.ts';
import { type Steps, stopOne, stopTogether } from './stop.ts';
import type { Action, Plan, Wait } from './types.ts';

/** Of a Pod that is evicted (pkg/kubelet/eviction: immediate). */
const EVICTION_GRACE_SECONDS = 1;
/** More former revisions than this are removed before the wanted one starts, not after it. */
const MAX_LEFT = 3;

/**
 * What one Pod needs next (kuberuntime_manager.go computePodActions, SyncPod). Pure and total: the same input gives the
 * same plan.
 *
 *   leaving revisions: stop containers ─▶ stop sandbox ─▶ (the wanted revision starts) ─▶ remove
 *   wanted revision:   sandbox ─▶ init containers ─▶ containers in spec order ─▶ keep ─▶ over: stop sidecars, sandbox
 */
export function planPod(input: PodInput): Plan {
  const { slot, observed } = input;
  if (slot.state === 'hold') return { actions: [], waits: [{ reason: 'Held', message: slot.why }] };
  // A Pod that was told to stop ends first, even when the very same one is wanted again meanwhile.
  const again = input.notes.stoppingSinceMs !== undefined;
  const wanted = slot.state === 'want' && !again ? slot.revision : undefined;
  const leaving = planLeaving(input, observed, wanted?.uid);
  if (!leaving.gone) {
    const first = wanted && !leaving.begun ? pullAhead(input, wanted) : undefined;
    if (first) return first;
    const wait = { reason: 'Terminating', message: 'the containers of the former revision stop' };
    return { actions: leaving.stop.actions, waits: [wait, ...leaving.stop.waits], leaving: leaving.uids };
  }
  if (!wanted) return { actions: [...leaving.clear, ...leaving.remove], waits: [], leaving: leaving.uids };
  const plan = planWanted(input, wanted, observed);
  // Edits that follow each other fast call every start off before its end, and what comes after it with it.
  const [first, last] = leaving.uids.length > MAX_LEFT ? [leaving.remove, []] : [[], leaving.remove];
  return { ...plan, actions: [...leaving.clear, ...first, ...plan.actions, ...last], leaving: leaving.uids };
}

function planWanted(input: PodInput, revision: Revision, observed: ObservedPod | undefined): Plan {
  const { pod, uid } = revision;
  const containers = (observed?.containers ?? []).filter((container) => container.uid === uid);
  const sandboxes = (observed?.sandboxes ?? []).filter((sandbox) => sandbox.uid === uid);
  const ran = { newest: newestByName(containers), sandboxes };
  if (input.notes.evicted !== undefined)
    return {
      ...planOver(input, revision, sandboxes, containers, EVICTION_GRACE_SECONDS),
      down: { reason: EVICTED, message: input.notes.evicted },
    };
  const deadline = deadlineMs(pod, input.startTimeMs, ran);
  const expired = deadline !== undefined && deadline <= input.clock.nowMs;
  if (expired || isOver(pod, ran)) {
    const plan = planOver(input, revision, sandboxes, containers);
    return !expired && endedByShutdown(input, ran.newest) ? { ...plan, down: TERMINATED } : plan;
  }

  const usable = usableSandbox(pod, sandboxes);
  if (input.shutdown && reaches(input.shutdown, usable !== undefined))
    return planShutdown(input, pod, input.shutdown, sandboxes, containers);
  const epoch = currentEpoch(pod, ran.newest);
  const strays = planStrays(input, pod, containers, ran.newest, usable, epoch);
  if (strays.actions.length > 0 || strays.waits.length > 0) return strays;

  const until: Wait[] =
    deadline === undefined
      ? []
      : [
          {
            reason: 'ActiveDeadline',
            message: 'the Pod is ended when its active deadline has passed',
            untilMs: deadline,
          },
        ];
  const blocked = blockedPod(input, pod, usable === undefined);
  if (blocked) return { actions: [], waits: [...until, blocked, ...allCreating(pod, ran.newest)] };
  const place: Place = usable
    ? { sandbox: { id: usable.id, ips: usable.ips }, attempt: usable.attempt, epoch }
    : { sandbox: 'from-this-plan', attempt: (sandboxes[0]?.attempt ?? -1) + 1, epoch };
  const plans = planContainers(input, revision, ran.newest, usable, place);
  const plan = assemble(input, revision, plans, { usable, sandboxes, place, observed });
  return { ...plan, waits: [...until, ...plan.waits, ...laterContainers(pod, ran.newest, plan.waits)] };
}

/** Init containers, then the regular ones in the order of the spec; a postStart hook holds up those after it. */
function planContainers(
  input: PodInput,
  revision: Revision,
  newest: ReadonlyMap<string, ObservedContainer>,
  usable: ObservedSandbox | undefined,
  place: Place,
): ContainerPlan[] {
  const { spec } = revision.pod;
  const init = planInit(input, revision, newest, usable, place);
  const plans = [...init.plans];
  if (!init.initialised) return plans;
  for (const container of spec.containers) {
    const instance = newest.get(container.name);
    if (!usable && instance?.state === 'exited' && !mayRestart(spec, container, instance)) continue;
    const former = instance && instance.record.epoch < place.epoch;
    const plan = planContainer(input, revision, container, former ? asHistory(instance) : instance, place);
    plans.push(plan);
    const starts = plan.actions.some((action) => action.kind === 'start-container');
    const hookRuns = plan.waits.some((wait) => wait.reason === 'PostStartHook');
    if (hookRuns || (starts && container.lifecycle?.postStart)) break;
  }
  return plans;
}

interface Around {
  usable: ObservedSandbox | undefined;
  sandboxes: readonly ObservedSandbox[];
  place: Place;
  observed: ObservedPod | undefined;
}

function assemble(
  input: PodInput,
  revision: Revision,
  plans: readonly ContainerPlan[],
  { usable, sandboxes, place, observed }: Around,
): Plan {
  const starts = plans.flatMap((plan) => plan.actions);
  const waits = plans.flatMap((plan) => plan.waits);
  const creates = starts.some((action) => action.kind === 'create-container');
  const before: Action[] = !usable || creates || isBehind(input) ? [{ kind: 'prepare-pod', revision }] : [];
  if (!usable) {
    // A sandbox that died may still have its network set up: the newest can, and whatever still stands beside it.
    const old = sandboxes.filter((sandbox, index) => index === 0 || sandbox.state === 'ready');
    before.unshift(...old.map((sandbox): Action => ({ kind: 'stop-sandbox', sandboxId: sandbox.id })));
    before.push({ kind: 'run-sandbox', revision, attempt: place.attempt, startTimeMs: input.startTimeMs });
  }
  const garbage = observed ? collectGarbage(observed, revision.uid, input.inFlight.stopping) : [];
  return withResizes(input, revision, { actions: [...before, ...starts, ...garbage], waits });
}

/** Files of a running Pod have to follow documents that changed; an agent that does not know looks once. */
function isBehind({ references, notes }: PodInput): boolean {
  return references?.followed === true && notes.preparedWith !== references.digest;
}

/** The newest sandbox, when it can be used (pkg/kubelet/kuberuntime/util/util.go PodSandboxChanged). */
function usableSandbox(pod: Pod, sandboxes: readonly ObservedSandbox[]): ObservedSandbox | undefined {
  const [newest] = sandboxes;
  if (newest?.state !== 'ready') return undefined;
  if (sandboxes.filter((sandbox) => sandbox.state === 'ready').length > 1) return undefined;
  const before = newest.record.revision?.pod.spec.hostNetwork ?? false;
  return before === (pod.spec.hostNetwork ?? false) ? newest : undefined;
}

/** What runs but must not: in a dead sandbox, of a former round, not the newest of its name, or no longer in the spec. */
function planStrays(
  input: PodInput,
  pod: Pod,
  containers: readonly ObservedContainer[],
  newest: ReadonlyMap<string, ObservedContainer>,
  usable: ObservedSandbox | undefined,
  epoch: number,
): Steps {
  const names = new Set(allContainers(pod.spec).map((container) => container.name));
  const steps: Steps = { actions: [], waits: [] };
  for (const container of containers) {
    if (container.state !== 'running' && container.state !== 'unknown') continue;
    const former = container.record.epoch < epoch;
    const misplaced = container.sandboxId !== usable?.id;
    const obsolete = newest.get(container.name) !== container || !names.has(container.name);
    if (!former && !misplaced && !obsolete) continue;
    const graceSeconds = former ? 0 : pod.spec.terminationGracePeriodSeconds;
    const stop = stopOne(input, pod, container, { graceSeconds, message: `Stopping container ${container.name}` });
    steps.actions.push(...stop.actions);
    steps.waits.push(
      { reason: 'Stopping', message: `container ${container.name} has to stop before the Pod goes on` },
      ...stop.waits,
    );
  }
  return steps;
}

/** The Pod has come to its end: stop what is left, free its network, keep its record. */
function planOver(
  input: PodInput,
  { pod, uid }: Revision,
  sandboxes: readonly ObservedSandbox[],
  containers: readonly ObservedContainer[],
  graceSeconds = pod.spec.terminationGracePeriodSeconds,
): Plan {
  const alive = containers.filter(
    (container) => container.state === 'running' || input.inFlight.stopping.has(container.id),
  );
  if (alive.length > 0) return { ...stopTogether(input, pod, alive, () => graceSeconds), over: true };
  const ready = sandboxes.filter((sandbox) => sandbox.state === 'ready');
  const stops = ready.map((sandbox): Action => ({ kind: 'stop-sandbox', sandboxId: sandbox.id }));
  const garbage = input.observed ? collectGarbage(input.observed, uid, input.inFlight.stopping) : [];
  return { actions: [...stops, ...garbage], waits: [], over: true };
}

/** What keeps the whole Pod from starting. */
function blockedPod(input: PodInput, pod: Pod, needsSandbox: boolean): Wait | undefined {
  const { admission } = input;
  if (admission.verdict === 'reject' && admission.forbidden && !needsSandbox)
    return { reason: admission.reason, message: `${admission.message}; what runs of it stays, nothing is started` };
  if (needsSandbox && admission.verdict !== 'admit') return { reason: admission.reason, message: admission.message };
  for (const subject of needsSandbox ? ['pod', 'sandbox'] : ['pod']) {
    const wait = failureWait(input, input.notes.failures.get(subject));
    if (wait) return wait;
  }
  if (needsSandbox && !input.networkReady && !pod.spec.hostNetwork)
    return {
      reason: 'NetworkNotReady',
      message: 'network is not ready: the runtime says that its network plugin is not ready',
    };
  return undefined;
}

function allCreating(pod: Pod, newest: ReadonlyMap<string, ObservedContainer>): Wait[] {
  return allContainers(pod.spec)
    .filter((container) => !newest.has(container.name))
    .map((container) => creating(pod, container));
}

/** Containers whose turn has not come. */
function laterContainers(pod: Pod, newest: ReadonlyMap<string, ObservedContainer>, waits: readonly Wait[]): Wait[] {
  const named = new Set(waits.map((wait) => wait.container));
  return allContainers(pod.spec)
    .filter((container: Container) => !newest.has(container.name) && !named.has(container.name))
    .map((container) => creating(pod, container));
}
