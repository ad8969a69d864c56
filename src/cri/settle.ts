/**
 * Waits until CRI agrees that a container is over. containerd's events run ahead of it: the status still says RUNNING for
 * some 15–70 ms after `/tasks/delete`, and a listing taken then would see no change.
 */
import { type Env, sleep } from '../kubelet/env.ts';
import { type Cri, CriError } from './port.ts';

/** Between questions, the second twice the first and so on. */
const stepMs = { first: 5, max: 20 };
/** Beyond these, the next listing has to do. */
const patienceMs = 1_000;
const pendingLimit = 1_000;

export interface Settler {
  /** Calls `onSettled(id)` once, when the container or sandbox is no longer running, or when patience ends. */
  add(id: string): void;
}

/** One question at a time, however many containers end together. Ends with `signal`; nothing is told after it. */
export function createSettler(cri: Cri, env: Env, signal: AbortSignal, onSettled: (id: string) => void): Settler {
  /** When each was added. */
  const pending = new Map<string, number>();
  let asking = false;
  let waitMs = stepMs.first;

  async function askAll(): Promise<void> {
    while (pending.size > 0 && !signal.aborted) {
      for (const [id, sinceMs] of pending) {
        const running = await isRunning(cri, id);
        if (signal.aborted) return;
        if (running && env.monotonicMs() - sinceMs < patienceMs) continue;
        pending.delete(id);
        onSettled(id);
      }
      if (pending.size > 0) await sleep(env, waitMs, signal);
      waitMs = Math.min(waitMs * 2, stepMs.max);
    }
  }

  return {
    add(id) {
      if (pending.size >= pendingLimit) return onSettled(id);
      pending.set(id, env.monotonicMs());
      waitMs = stepMs.first;
      if (asking) return;
      asking = true;
      void askAll().finally(() => {
        asking = false;
      });
    },
  };
}

/** Never rejects: whoever does not answer, or does not know the id, runs nothing that is worth a wait. */
async function isRunning(cri: Cri, id: string): Promise<boolean> {
  try {
    return (await cri.containerStatus(id)).state === 'running';
  } catch (error) {
    if (!isNotFound(error)) return false;
  }
  // A sandbox is a task of its own.
  return cri.podSandboxStatus(id).then(
    ({ state }) => state === 'ready',
    () => false,
  );
}

function isNotFound(error: unknown): boolean {
  return error instanceof CriError && error.code === 'not-found';
}
