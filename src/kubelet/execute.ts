/**
 * Carries plans out: dull, in order, ending at the first error; the next listing decides what is then needed.
 * To add an action: a member of `Action`, a row in `Executor.#rows`.
 */
import * as cri from '../cri/port.ts';
import { composeContainer } from './compose-container.ts';
import { composeSandbox } from './compose-sandbox.ts';
import type { Documents } from './documents.ts';
import type { ExecutorOptions } from './execute-options.ts';
import { EVICTED, HostError, type PreparedPod } from './host.ts';
import type { LaneResult } from './lanes.ts';
import type { ContainerType } from './meter.ts';
import { allContainers } from './plan/containers.ts';
import { pulledKey, withDefaultTag } from './plan/images.ts';
import { references } from './plan/references.ts';
import { podSize } from './plan/resize.ts';
import type { Action, ActionKind } from './plan/types.ts';
import { hookForPod } from './pod-hook.ts';
import { pullForPod } from './pull-image.ts';
import { resizeContainer, sizePod } from './resize-actions.ts';
import { ConfigError } from './sandbox/config-error.ts';
import type { Container, PodKey, Revision } from './types.ts';
import { workType } from './work-type.ts';

type Begins = (action: Action, rest: readonly Action[]) => void;

/** What earlier actions of the same chain found out. */
interface Chain {
  readonly key: PodKey;
  prepared?: PreparedPod;
  sandbox?: { id: string; ips: readonly string[] };
  /** Container made by this chain, by name. */
  readonly created: Map<string, Created>;
  /** As they were when the chain began: what fails is put down to these. */
  readonly documents: Documents;
  readonly signal: AbortSignal;
}

interface Created {
  id: string;
  revision: Revision;
  startTimeMs: number;
  attempt: number;
}

/** `end`: nothing is wrong, but what follows makes no sense now. `failed-noted`: the planner knows and waits by itself. */
type Step = 'next' | 'end' | 'failed-noted';
type Of<K extends ActionKind> = Extract<Action, { kind: K }>;

export class Executor {
  readonly #o: ExecutorOptions;
  readonly #rows: { [K in ActionKind]: (action: Of<K>, chain: Chain) => Promise<Step> };

  constructor(options: ExecutorOptions) {
    this.#o = options;
    this.#rows = {
      'prepare-pod': (action, chain) => this.#preparePod(action, chain),
      'run-sandbox': (action, chain) => this.#runSandbox(action, chain),
      'check-image': (action, chain) => this.#checkImage(action, chain),
      'size-pod': async (action) => ((await sizePod(action, options)) ? 'next' : 'failed-noted'),
      'resize-container': async (action) => ((await resizeContainer(action, options)) ? 'next' : 'failed-noted'),
      'create-container': (action, chain) => this.#createContainer(action, chain),
      'start-container': (action, chain) => this.#startContainer(action, chain),
      'stop-sandbox': (action) => this.#plain(options.cri.stopPodSandbox(action.sandboxId)),
      'remove-sandbox': (action) => this.#plain(options.cri.removePodSandbox(action.sandboxId)),
      'remove-container': (action, chain) => this.#removeContainer(action, chain),
      'release-pod': (action, chain) => this.#releasePod(action, chain),
      'stop-container': (action, chain) => this.#stopContainer(action, chain),
      'run-hook': (action) => this.#plain(hookForPod(action, options)),
      'pull-image': async (action, chain) =>
        (await pullForPod(action, chain.documents, chain.signal, options)) ? 'next' : 'failed-noted',
    };
  }

  /**
   * Runs a chain. Never rejects; `failed` means that nobody wrote down when to try again. `begins` is told of each action
   * and of those after it.
   */
  async run(
    key: PodKey,
    actions: readonly Action[],
    signal: AbortSignal,
    begins: Begins = () => {},
  ): Promise<LaneResult> {
    const { env, meter } = this.#o;
    const beganMs = env.monotonicMs();
    const result = await this.#chain(key, actions, signal, begins);
    const type = workType(actions);
    if (type) meter.podWorked(type, env.monotonicMs() - beganMs);
    return result;
  }

  async #chain(key: PodKey, actions: readonly Action[], signal: AbortSignal, begins: Begins): Promise<LaneResult> {
    const chain: Chain = { key, created: new Map(), documents: this.#o.documents(), signal };
    for (const [index, action] of actions.entries()) {
      if (signal.aborted) return 'ok';
      begins(action, actions.slice(index + 1));
      try {
        const row = this.#rows[action.kind] as (action: Action, chain: Chain) => Promise<Step>;
        const step = await row(action, chain);
        if (step !== 'next') return 'ok';
        if (action.kind === 'start-container' && index + 1 < actions.length) this.#o.started();
      } catch (error) {
        // Without a runtime there is nothing to back off from: the loop waits for it to come back.
        if (error instanceof cri.CriError && (error.code === 'unavailable' || error.code === 'cancelled')) return 'ok';
        this.#o.env.log.warn(
          { pod: key, action: action.kind, error: text(error) },
          `${action.kind} failed; it is tried again`,
        );
        return 'failed';
      }
    }
    return 'ok';
  }

  async #plain(call: Promise<void>): Promise<Step> {
    await call;
    return 'next';
  }

  async #preparePod({ revision }: Of<'prepare-pod'>, chain: Chain): Promise<Step> {
    const { host, notes } = this.#o;
    try {
      chain.prepared = await host.preparePod(revision.pod, chain.documents);
    } catch (error) {
      if (error instanceof HostError && error.reason === EVICTED) notes.evicted(revision.uid, error.message);
      return this.#failed(chain, revision, 'pod', error instanceof HostError ? error.reason : 'FailedMount', error);
    }
    for (const { reason, message } of chain.prepared.warnings ?? []) this.#event(revision, 'Warning', reason, message);
    notes.prepared(revision.uid, references(revision.pod, chain.documents)?.digest);
    notes.sized(revision.uid, podSize(revision.pod, this.#o.node));
    notes.succeeded(revision.uid, 'pod');
    return 'next';
  }

  async #runSandbox({ revision, attempt, startTimeMs }: Of<'run-sandbox'>, chain: Chain): Promise<Step> {
    const { notes, meter } = this.#o;
    if (attempt > 0)
      this.#event(revision, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
    try {
      const wanted = { revision, attempt, startTimeMs, prepared: chain.prepared };
      const { config, handler, events } = await composeSandbox(this.#o, wanted);
      // Called off meanwhile: the machine goes down, or another revision is wanted.
      if (chain.signal.aborted) return 'end';
      for (const event of events) this.#event(revision, event.type, event.reason, event.message);
      const id = await this.#o.cri.runPodSandbox(config, handler);
      const { ips } = await this.#o.cri.podSandboxStatus(id);
      chain.sandbox = { id, ips };
    } catch (error) {
      meter.podStartFailed('FailedCreatePodSandBox');
      return this.#failed(
        chain,
        revision,
        'sandbox',
        'FailedCreatePodSandBox',
        error,
        `Failed to create pod sandbox: ${text(error)}`,
      );
    }
    notes.succeeded(revision.uid, 'sandbox');
    if (attempt === 0) meter.podStarted();
    return 'next';
  }

  async #checkImage({ revision, containerName, image }: Of<'check-image'>, chain: Chain): Promise<Step> {
    const { cri, notes, env } = this.#o;
    try {
      const found = await cri.imageStatus(image);
      if (found) notes.imagePresent(image, found);
      else notes.imageAbsent(image, env.monotonicMs());
      return found ? 'next' : 'end';
    } catch (error) {
      const event = `Failed to inspect image "${image}": ${text(error)}`;
      return this.#containerFailed(chain, revision, containerName, 'ImageInspectError', error, event);
    }
  }

  async #createContainer(action: Of<'create-container'>, chain: Chain): Promise<Step> {
    const { revision, containerName, attempt } = action;
    const sandbox = action.sandbox === 'from-this-plan' ? chain.sandbox : action.sandbox;
    const container = findContainer(revision, containerName);
    if (!sandbox || !container || !chain.prepared)
      throw new Error(`create-container ${containerName}: its sandbox was not made by this plan`);
    let reason = 'CreateContainerConfigError';
    try {
      const key = pulledKey(containerName, attempt, withDefaultTag(container.image));
      const present = `Container image "${container.image}" already present on machine`;
      if (!this.#o.notes.pod(revision.uid).pulled.has(key))
        this.#event(revision, 'Normal', 'Pulled', present, containerName);
      const config = await composeContainer(this.#o, {
        action,
        container,
        podIps: sandbox.ips,
        prepared: chain.prepared,
        documents: chain.documents,
      });
      reason = 'CreateContainerError';
      const sandboxOf = await composeSandbox(this.#o, {
        revision,
        attempt: action.sandboxAttempt,
        startTimeMs: action.startTimeMs,
        prepared: chain.prepared,
      });
      if (chain.signal.aborted) return 'end';
      const id = await this.#o.cri.createContainer(sandbox.id, config, sandboxOf.config);
      chain.created.set(containerName, { id, revision, startTimeMs: action.startTimeMs, attempt });
    } catch (error) {
      this.#o.meter.containerStartFailed(reason, containerType(revision, containerName));
      return this.#containerFailed(chain, revision, containerName, reason, error);
    }
    this.#event(revision, 'Normal', 'Created', 'Container created', containerName);
    return 'next';
  }

  async #startContainer({ containerName, uid, containerId }: Of<'start-container'>, chain: Chain): Promise<Step> {
    const { cri, meter, notes, env } = this.#o;
    const created = chain.created.get(containerName);
    const id = containerId ?? created?.id;
    if (!id) throw new Error(`start-container ${containerName}: it was not made by this plan`);
    try {
      await cri.startContainer(id);
    } catch (error) {
      meter.containerStartFailed('RunContainerError', created && containerType(created.revision, containerName));
      if (!created) throw error;
      return this.#containerFailed(chain, created.revision, containerName, 'RunContainerError', error);
    }
    meter.containerStarted(created && containerType(created.revision, containerName));
    notes.started(uid, id);
    notes.succeeded(uid, `container/${containerName}`);
    if (!created) return 'next';
    if (created.attempt === 0) meter.podStartDuration(env.nowMs() - created.startTimeMs);
    this.#event(created.revision, 'Normal', 'Started', 'Container started', containerName);
    return 'next';
  }

  async #removeContainer(
    { containerId, containerName, attempt, uid }: Of<'remove-container'>,
    chain: Chain,
  ): Promise<Step> {
    await this.#o.cri.removeContainer(containerId);
    await this.#o.host.removeContainerFiles(identity(chain.key, uid), containerName, attempt);
    return 'next';
  }

  async #releasePod({ uid }: Of<'release-pod'>, chain: Chain): Promise<Step> {
    await this.#o.host.removePod(identity(chain.key, uid));
    this.#o.notes.forget(uid);
    return 'next';
  }

  async #stopContainer(
    { containerId, containerName, uid, graceSeconds, message, toResize }: Of<'stop-container'>,
    chain: Chain,
  ): Promise<Step> {
    const object = {
      kind: 'Pod' as const,
      ...identity(chain.key, uid),
      fieldPath: `spec.containers{${containerName}}`,
    };
    if (message) this.#o.record(object, 'Normal', 'Killing', message);
    if (toResize) this.#o.stoppedToResize(containerId);
    return this.#plain(this.#o.cri.stopContainer(containerId, graceSeconds));
  }

  #containerFailed(
    chain: Chain,
    revision: Revision,
    containerName: string,
    reason: string,
    error: unknown,
    event = `Error: ${text(error)}`,
  ): Step {
    return this.#failed(chain, revision, `container/${containerName}`, reason, error, event, containerName);
  }

  /** Writes a failure down, so that the planner waits and status shows why. A runtime that is away is nobody's failure. */
  #failed(
    chain: Chain,
    revision: Revision,
    subject: string,
    reason: string,
    error: unknown,
    event?: string,
    containerName?: string,
  ): Step {
    if (isGone(error)) throw error;
    const { notes, env } = this.#o;
    if (!(error instanceof ConfigError || error instanceof HostError || error instanceof cri.CriError))
      env.log.error(
        { pod: revision.key, subject, error: error instanceof Error ? error.stack : String(error) },
        'unexpected error',
      );
    notes.failed(
      revision.uid,
      subject,
      reason,
      text(error),
      env.monotonicMs(),
      references(revision.pod, chain.documents)?.digest,
    );
    this.#event(revision, 'Warning', containerName ? 'Failed' : reason, event ?? text(error), containerName);
    return 'failed-noted';
  }

  #event(
    revision: Revision,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    containerName?: string,
  ): void {
    const { namespace, name, uid } = revision.pod.metadata;
    this.#o.record(
      { kind: 'Pod', namespace, name, uid, ...(containerName && { fieldPath: `spec.containers{${containerName}}` }) },
      type,
      reason,
      message,
    );
  }
}

function isGone(error: unknown): boolean {
  return error instanceof cri.CriError && (error.code === 'unavailable' || error.code === 'cancelled');
}

function findContainer(revision: Revision, name: string): Container | undefined {
  return allContainers(revision.pod.spec).find((container) => container.name === name);
}

function containerType({ pod }: Revision, name: string): ContainerType {
  return pod.spec.initContainers?.some((container) => container.name === name) ? 'init_container' : 'container';
}

function identity(key: PodKey, uid: string): { namespace: string; name: string; uid: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1), uid };
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
