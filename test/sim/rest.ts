/** Pods at rest: once nothing has happened to them for a while, the agent must leave them alone. */
import type { Pod } from '../../src/kubelet/types.ts';
import { podOf } from './checkers.ts';
import { atRest } from './convergence.ts';
import type { Fact } from './runtime-state.ts';
import type { World } from './world.ts';

/** A call that began before the calm has ended after this. */
const LONGEST_CALL_MS = 250_000;

export class Rest {
  readonly #world: World;
  readonly #fail: (message: string) => void;
  readonly #resting = new Set<string>();
  readonly #changedAtMs = new Map<string, number>();
  readonly #calledAtMs = new Map<string, number>();

  constructor(world: World, fail: (message: string) => void) {
    this.#world = world;
    this.#fail = fail;
    world.runtime.state.onFact((fact) => this.#happened(fact));
  }

  /** During a calm: those of which everything runs, and which nobody has touched for long, are at rest from now on. */
  look(pods: readonly Pod[], uncertain: ReadonlySet<string>): void {
    for (const pod of pods) {
      const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
      const sinceMs = Math.max(this.quietSinceMs(key), this.#calledAtMs.get(key) ?? 0);
      const certain = !uncertain.has(key);
      if (certain && this.#world.clock.elapsedMs - sinceMs > LONGEST_CALL_MS && atRest(this.#world, pod))
        this.#resting.add(key);
    }
  }

  end(): void {
    this.#resting.clear();
  }

  /** A call that changes something was sent. */
  called(call: string, target: string): void {
    const [id = ''] = /\b[sc]\d{4,}\b/.exec(target) ?? [];
    const { state } = this.#world.runtime;
    const sandbox = state.sandboxes.get(state.containers.get(id)?.sandboxId ?? id);
    const key = sandbox ? podOf(sandbox) : `default/${target.split(' ')[0]}`;
    this.#calledAtMs.set(key, this.#world.clock.elapsedMs);
    if (this.#resting.has(key)) this.#fail(`${call} ${target} although ${key} is at rest`);
  }

  /** When anything last happened to a Pod for real. */
  quietSinceMs(key: string): number {
    return this.#changedAtMs.get(key) ?? 0;
  }

  #happened(fact: Fact): void {
    const { state } = this.#world.runtime;
    const sandbox = 'sandbox' in fact ? fact.sandbox : state.sandboxes.get(fact.container.sandboxId);
    if (!sandbox) return;
    const key = podOf(sandbox);
    this.#changedAtMs.set(key, this.#world.clock.elapsedMs);
    // An exit wakes the agent up, for this Pod.
    this.#resting.delete(key);
  }
}
