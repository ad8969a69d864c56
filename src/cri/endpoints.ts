/** Which of several runtime sockets is used. */
import type { Client } from '@grpc/grpc-js';
import type { Env } from '../kubelet/env.ts';
import { createChannel } from './channel.ts';
import { CriError } from './port.ts';

export interface Endpoint {
  readonly address: string;
  readonly channel: Client;
}

export interface Endpoints {
  /** The endpoint to call now. Rejects with `unavailable` when none answers. */
  pick(call: string): Promise<Endpoint>;
  /** A call on it ended with `unavailable`. */
  failed(endpoint: Endpoint): void;
  /** A call on it was answered. */
  answered(endpoint: Endpoint): void;
  /** The one in use; the first one as long as none was. */
  current(): Endpoint;
  close(): void;
}

/**
 * A runtime that was in use may be away this long before another one is tried. Its containers go on running while it
 * restarts, and starting the same Pods in a second runtime would run them twice.
 */
const loyaltyMs = 60_000;

/**
 * With one address that one is used, whatever it does. With several, the first that `answers` (an actual CRI answer: a
 * socket alone may belong to a containerd whose CRI plugin is off) is used until it fails; then all are looked at again,
 * the last one used first.
 */
export function createEndpoints(
  addresses: readonly string[],
  env: Env,
  answers: (endpoint: Endpoint) => Promise<void>,
): Endpoints {
  const all = addresses.map((address): Endpoint => ({ address, channel: createChannel(address) }));
  const first = all[0];
  if (!first) throw new Error('no runtime endpoint given');
  let used: Endpoint | undefined = all.length === 1 ? first : undefined;
  let failing = false;
  let lastAnswerMs = 0;
  let looking: Promise<Endpoint> | undefined;

  async function look(call: string): Promise<Endpoint> {
    const loyal = used !== undefined && env.monotonicMs() - lastAnswerMs < loyaltyMs;
    const candidates = used ? [used, ...(loyal ? [] : all.filter((other) => other !== used))] : all;
    const failures: string[] = [];
    for (const candidate of candidates) {
      try {
        await answers(candidate);
      } catch (error) {
        failures.push(`${candidate.address}: ${error instanceof Error ? error.message : String(error)}`);
        continue;
      }
      if (candidate !== used) env.log.info({ endpoint: candidate.address }, 'using this container runtime');
      used = candidate;
      answered(candidate);
      return candidate;
    }
    throw new CriError('unavailable', call, `no container runtime answers (${failures.join('; ')})`);
  }

  function answered(endpoint: Endpoint): void {
    if (endpoint !== used) return;
    failing = false;
    lastAnswerMs = env.monotonicMs();
  }

  return {
    async pick(call) {
      if (used && (!failing || all.length === 1)) return used;
      looking ??= look(call).finally(() => {
        looking = undefined;
      });
      return looking;
    },
    failed(endpoint) {
      if (endpoint === used) failing = true;
    },
    answered,
    current: () => used ?? first,
    close() {
      for (const { channel } of all) channel.close();
    },
  };
}
