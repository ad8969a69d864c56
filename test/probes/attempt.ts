/** Tries a probe against a real server. */
import { realEnv } from '../../hack/env.ts';
import type { Container, ContainerPort, Probe } from '../../src/kubelet/types.ts';
import type { Answer, ProbeHandler } from '../../src/probes/types.ts';
import { target } from './setting.ts';

export const env = realEnv();

export interface AttemptOptions {
  readonly timeoutMs?: number;
  /** Null: not known yet. */
  readonly podIp?: string | null;
  readonly ports?: ContainerPort[];
  readonly hostNetwork?: boolean;
  readonly signal?: AbortSignal;
}

/** The answer of one try; by default within 10 s, which is more than any server here needs. */
export function attempt(handler: ProbeHandler, probe: Probe, options: AttemptOptions = {}): Promise<Answer> {
  const {
    timeoutMs = 10_000,
    podIp = '127.0.0.1',
    ports,
    hostNetwork,
    signal = new AbortController().signal,
  } = options;
  const change: Partial<Container> = ports ? { ports } : {};
  const one = target('c1', change, { podIp: podIp ?? undefined });
  const spec = { ...one.pod.spec, ...(hostNetwork && { hostNetwork }) };
  return handler({ probe, target: { ...one, pod: { ...one.pod, spec } }, timeoutMs, signal });
}
