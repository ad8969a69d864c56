/** A prober on a virtual clock, with targets that answer as a test says. */
import type { EventObject } from '../../src/kubelet/events.ts';
import type { ProbeTarget } from '../../src/kubelet/prober.ts';
import { type Container, type Pod, type Probe, podKey } from '../../src/kubelet/types.ts';
import type { Verdict } from '../../src/kubelet/verdict.ts';
import { createProber } from '../../src/probes/prober.ts';
import type { Answer, Attempt, ProbeHandler, ProbeSeries } from '../../src/probes/types.ts';
import { Verdicts } from '../../src/probes/verdicts.ts';
import { container as anyContainer } from '../kubelet/build.ts';
import { Clock, EPOCH_MS, silentLog, simEnv } from '../sim/env.ts';
import { Random } from '../sim/random.ts';

export const OK: Answer = { result: 'success', output: 'fine' };
export const BAD: Answer = { result: 'failure', output: 'broken' };

/** A probe with the defaults of Kubernetes. */
export function probe(change: Partial<Probe> = {}): Probe {
  return { periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3, ...change };
}

export const tcp = (change: Partial<Probe> = {}): Probe => probe({ tcpSocket: { port: 80 }, ...change });
export const exec = (change: Partial<Probe> = {}): Probe => probe({ exec: { command: ['true'] }, ...change });

export function target(
  containerId: string,
  change: Partial<Container> = {},
  rest: Partial<ProbeTarget> = {},
): ProbeTarget {
  const container = anyContainer(change);
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-n1', namespace: 'default', uid: 'u1' },
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      nodeName: 'n1',
      containers: [container],
    },
  };
  const key = podKey('default', 'web-n1');
  return {
    key,
    pod,
    container,
    containerId,
    startedAtMs: EPOCH_MS,
    podIp: '10.0.0.1',
    stopping: false,
    told: false,
    ...rest,
  };
}

export interface Tried {
  /** Seconds since the start. */
  readonly at: number;
  readonly id: string;
  readonly type: string;
}

export function proberSetting({ known = new Map<string, Verdict>(), execsAtOnce = 4, seed = 'probes' } = {}) {
  const clock = new Clock();
  const env = simEnv(clock, new Random(seed), silentLog);
  const tries: Tried[] = [];
  const counted: { series: ProbeSeries; result: string; durationMs: number }[] = [];
  const late: number[] = [];
  const events: string[] = [];
  const objects: EventObject[] = [];
  /** What a target answers, and how; a test replaces it. */
  const world = { answer: async (_attempt: Attempt, _tried: Tried): Promise<Answer> => OK };
  const handler: ProbeHandler = (attempt) => {
    const type = (['startup', 'readiness', 'liveness'] as const).find(
      (each) => attempt.target.container[`${each}Probe`] === attempt.probe,
    );
    const tried = { at: clock.elapsedMs / 1000, id: attempt.target.containerId, type: type ?? 'none' };
    tries.push(tried);
    return world.answer(attempt, tried);
  };
  const verdicts = new Verdicts({ env, mirror: { write: async () => {} }, known });
  const prober = createProber({
    env,
    handlers: { exec: handler, httpGet: handler, tcpSocket: handler, grpc: handler },
    verdicts,
    record: (object, type, reason, message) => {
      objects.push(object);
      events.push(`${type} ${reason} ${message}`);
    },
    meter: {
      ended: (series, result, durationMs) => counted.push({ series, result, durationMs }),
      late: (lateMs) => late.push(lateMs),
    },
    execsAtOnce,
  });
  const pokes: number[] = [];
  const stop = new AbortController();
  const running = prober.run(() => pokes.push(clock.elapsedMs), stop.signal);
  const at = (id: string, type?: string) =>
    tries.filter((each) => each.id === id && (!type || each.type === type)).map((each) => each.at);
  return {
    clock,
    env,
    prober,
    world,
    tries,
    at,
    counted,
    late,
    events,
    objects,
    pokes,
    stop,
    running,
    verdict: (id: string) => prober.verdicts().get(id),
  };
}
