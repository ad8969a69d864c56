import type { RecordEvent } from '../kubelet/events.ts';
import type { ProbeTarget } from '../kubelet/prober.ts';
import type { Probe } from '../kubelet/types.ts';
import { messageOf } from './failures.ts';
import { MAX_TRIES, type ProbeType } from './reduce.ts';
import type { Answer, ProbeHandler } from './types.ts';

export interface Tick {
  readonly type: ProbeType;
  readonly probe: Probe;
  readonly target: ProbeTarget;
  readonly signal: AbortSignal;
  /** Waits for a place and tries once. */
  readonly handler: ProbeHandler;
}

/** One tick: tries until there is an answer that says something of the container, but not for ever. Never rejects. */
export async function tryProbe({ probe, target, signal, handler }: Tick): Promise<Answer> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  for (let tries = 1; ; tries += 1) {
    const answer = await handler({ probe, target, timeoutMs, signal }).catch(unexpected);
    if (answer.result !== 'error' || answer.away || tries >= MAX_TRIES || signal.aborted) return answer;
  }
}

function unexpected(error: unknown): Answer {
  return { result: 'error', as: 'unknown', output: messageOf(error) };
}

/** What a tick is worth telling, in the kubelet's words (pkg/kubelet/prober/prober.go). */
export function tellProbe(record: RecordEvent, { type, target }: Pick<Tick, 'type' | 'target'>, answer: Answer): void {
  if (answer.result === 'success' || (answer.result === 'error' && answer.away)) return;
  const { namespace, name, uid } = target.pod.metadata;
  const list = target.pod.spec.containers.includes(target.container) ? 'containers' : 'initContainers';
  const object = { kind: 'Pod' as const, namespace, name, uid, fieldPath: `spec.${list}{${target.container.name}}` };
  const title = `${type.charAt(0).toUpperCase()}${type.slice(1)}`;
  const tell = (reason: string, text: string) =>
    record(object, 'Warning', reason, `${title} probe ${text}: ${answer.output}`);
  if (answer.result === 'error') tell('Unhealthy', `errored and resulted in ${answer.as} state`);
  else if (answer.result === 'warning') tell('ProbeWarning', 'warning');
  else tell('Unhealthy', 'failed');
}
