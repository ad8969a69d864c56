/**
 * A shutdown of the machine, seen from outside: who has had its turn is not started any more, who has the lower priority
 * goes first or has had its time, and the machine is let go when everything has ended or its time is over.
 */
import type { ShutdownGroup } from '../../src/kubelet/plan/shutdown.ts';
import type { Pod } from '../../src/kubelet/types.ts';
import { isOurs, podOf, podSpec } from './checkers.ts';
import type { Desire } from './desire.ts';
import type { ContainerEntry, Fact } from './runtime-state.ts';
import { isRunning } from './runtime-state.ts';
import type { World } from './world.ts';

const CLASSES: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};
const STARTS = ['RunPodSandbox', 'CreateContainer', 'StartContainer'];

export class ShutdownChecker {
  readonly #world: World;
  readonly #desire: Desire;
  readonly #groups: readonly ShutdownGroup[];
  readonly #fail: (message: string) => void;
  /** Containers that nobody could know to run. */
  readonly #surprises = new Set<string>();
  /** Containers whose stop was sent while the machine went down: a slow runtime signals them after it was called off. */
  readonly #told = new Map<string, { atMs: number; graceMs: number }>();
  #preparedAtMs = 0;

  /** `groups`: the lowest priority first. */
  constructor(
    { world, desire, fail }: { world: World; desire: Desire; fail: (message: string) => void },
    groups: readonly ShutdownGroup[],
  ) {
    this.#world = world;
    this.#desire = desire;
    this.#groups = groups;
    this.#fail = fail;
    world.power.watch(() => {
      this.#preparedAtMs = world.clock.elapsedMs;
    });
    world.power.onReleased = (owner) => this.#released(owner);
  }

  /** Since when the agent has known of a shutdown, or undefined. */
  #elapsedMs(): number | undefined {
    const { power, agent, clock } = this.#world;
    if (!power.preparing || !agent || this.#groups.length === 0) return undefined;
    return clock.elapsedMs - Math.max(this.#preparedAtMs, agent.startedAtMs);
  }

  #groupOf(spec: Pod['spec']): number {
    const priority = spec.priority ?? CLASSES[spec.priorityClassName ?? ''] ?? 0;
    const above = this.#groups.findIndex((group) => group.priority > priority);
    return Math.max(0, (above < 0 ? this.#groups.length : above) - 1);
  }

  /** A call that changes something is sent. */
  called(call: string, target: string): void {
    const { agent, runtime } = this.#world;
    if (this.#elapsedMs() === undefined || !agent) return;
    const [id = ''] = /\b[sc]\d{4,}\b/.exec(target) ?? [];
    if (call === 'StopContainer') this.#note(id);
    if (!STARTS.includes(call)) return;
    const sandbox = runtime.state.sandboxes.get(runtime.state.containers.get(id)?.sandboxId ?? id);
    const wish = this.#desire.wishes.get(`default/${target.split(' ')[0]}`)?.revision.pod.spec;
    const spec = sandbox ? podSpec(sandbox) : wish;
    if (!spec) return;
    const turn = agent.shutdown.of({ spec } as Pod);
    if (turn?.stop || (turn && call === 'RunPodSandbox'))
      this.#fail(`${call} ${target} although the machine goes down`);
  }

  #note(id: string): void {
    const { clock, runtime } = this.#world;
    const sandbox = runtime.state.sandboxes.get(runtime.state.containers.get(id)?.sandboxId ?? '');
    if (!sandbox) return;
    const spec = podSpec(sandbox);
    const graceMs = Math.min(spec.terminationGracePeriodSeconds * 1000, this.graceMs(spec) ?? Infinity);
    this.#told.set(id, { atMs: clock.elapsedMs, graceMs });
  }

  /** It has had its group's time since it was told to stop because the machine goes down. */
  hadItsTime(id: string, leastMs: number): boolean {
    const told = this.#told.get(id);
    return told !== undefined && this.#world.clock.elapsedMs - told.atMs >= Math.max(told.graceMs, leastMs);
  }

  /** `container` is told to stop although it is wanted as it is. Tells whether the shutdown is why. */
  excuses(container: ContainerEntry): boolean {
    const elapsedMs = this.#elapsedMs();
    const sandbox = this.#world.runtime.state.sandboxes.get(container.sandboxId);
    if (elapsedMs === undefined || !sandbox) return this.#told.has(container.id);
    const group = this.#groupOf(podSpec(sandbox));
    for (const other of this.#running()) {
      const theirs = this.#world.runtime.state.sandboxes.get(other.sandboxId);
      const lower = theirs ? this.#groupOf(podSpec(theirs)) : group;
      if (!theirs || lower >= group || elapsedMs >= (this.#groups[lower]?.periodMs ?? 0)) continue;
      this.#fail(`${container.id} of ${podOf(sandbox)} is stopped before ${other.id} of ${podOf(theirs)}`);
    }
    return true;
  }

  /** The longest grace of a Pod while the machine goes down, ms; undefined: its own. */
  graceMs(spec: Pod['spec']): number | undefined {
    return this.#elapsedMs() === undefined ? undefined : this.#groups[this.#groupOf(spec)]?.periodMs;
  }

  readonly onFact = (fact: Fact): void => {
    if (fact.kind === 'container-started' && fact.abandoned) this.#surprises.add(fact.container.id);
  };

  #released(owner: string): void {
    const { agent } = this.#world;
    const elapsedMs = this.#elapsedMs();
    if (elapsedMs === undefined || !agent || agent.abort.signal.aborted || owner !== `agent-${agent.number}`) return;
    const running = this.#running().filter(({ sandboxId }) => {
      const sandbox = this.#world.runtime.state.sandboxes.get(sandboxId);
      return sandbox && elapsedMs < (this.#groups[this.#groupOf(podSpec(sandbox))]?.periodMs ?? 0);
    });
    if (running.length > 0)
      this.#fail(`the machine is let go after ${elapsedMs} ms while ${running.map(({ id }) => id).join()} run`);
  }

  #running(): ContainerEntry[] {
    const { state } = this.#world.runtime;
    return [...state.containers.values()].filter((container) => {
      const sandbox = state.sandboxes.get(container.sandboxId);
      const known = !this.#surprises.has(container.id) && !container.unknown && container.visible;
      return sandbox && isOurs(sandbox) && isRunning(container) && known;
    });
  }
}
