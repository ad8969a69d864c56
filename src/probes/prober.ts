import type { Cancel, Env } from '../kubelet/env.ts';
import type { RecordEvent } from '../kubelet/events.ts';
import type { Prober, ProbeTarget } from '../kubelet/prober.ts';
import type { Container, Probe } from '../kubelet/types.ts';
import { STOPPED } from './address.ts';
import { kindOf, PROBE_COSTS, type ProbeHandlers } from './kinds.ts';
import {
  begin,
  firstVerdict,
  mayProbe,
  PROBE_TYPES,
  type ProbeRule,
  type ProbeRules,
  type ProbeType,
  reduce,
  remainingDelayMs,
  type Standings,
  verdictOf,
} from './reduce.ts';
import { nextDueMs, Schedule } from './schedule.ts';
import { Slots } from './slots.ts';
import { tellProbe, tryProbe } from './tick.ts';
import type { Answer, ProbeHandler, ProbeKind, ProbeMeter, ProbeReport, ProbeSeries } from './types.ts';
import type { Verdicts } from './verdicts.ts';

/** A try that takes longer does not work, it waits: another may begin. Long enough for a process on a busy machine. */
const LEASE_MS = 2000;
/** Connections at once: enough for every container of a full machine. */
const NETWORK_AT_ONCE = 128;
/** Of the period. Who queued up for less keeps the beat. */
const QUEUED_SHARE = 0.05;
/** Until it first succeeds readiness is asked for after 1, 2, 4 … s, at most its period. */
const FIRST_RETRY_MS = 1000;
const MAX_REPORT_CHARS = 1024;

export interface ProberOptions {
  readonly env: Env;
  readonly handlers: ProbeHandlers;
  readonly verdicts: Verdicts;
  readonly record: RecordEvent;
  readonly meter: ProbeMeter;
  /** Processes at once; near twice the cores. */
  readonly execsAtOnce: number;
}

export interface ReportingProber extends Prober {
  /** The last tick of each probe of what runs. */
  lastResults(): ProbeReport[];
}

/** One probe of one container. */
interface Beat {
  readonly type: ProbeType;
  readonly probe: Probe;
  readonly kind: ProbeKind;
  readonly rule: ProbeRule;
  readonly periodMs: number;
  readonly series: ProbeSeries;
  /** Monotonic. */
  dueMs: number;
  retryMs: number;
  /** Its last try outlasted a slot: it queues up with its like, so that what hangs delays only what hangs. */
  slow: boolean;
  cancel: Cancel;
  report?: ProbeReport;
}

/** One container. */
interface Watched {
  target: ProbeTarget;
  standings: Standings;
  readonly rules: ProbeRules;
  readonly beats: ReadonlyMap<ProbeType, Beat>;
  readonly abort: AbortController;
}

/** Drives the probes of every container from one schedule (pkg/kubelet/prober/prober_manager.go, worker.go). */
export function createProber({ env, handlers, verdicts, record, meter, execsAtOnce }: ProberOptions): ReportingProber {
  const schedule = new Schedule(env);
  const queues = (limit: number) => ({
    quick: new Slots(env, { limit, leaseMs: LEASE_MS }),
    slow: new Slots(env, { limit, leaseMs: LEASE_MS }),
  });
  const slots = { runtime: queues(execsAtOnce), network: queues(NETWORK_AT_ONCE) };
  const random = env.random('probes');
  const startedAtMs = env.nowMs();
  const watched = new Map<string, Watched>();
  let closed = false;

  function open(target: ProbeTarget): void {
    const rules = rulesOf(target.container);
    const known = verdicts.get(target.containerId);
    const standings = { ...begin(rules, known), stopping: target.stopping };
    const one: Watched = { target, standings, rules, beats: beatsOf(target, standings), abort: new AbortController() };
    watched.set(target.containerId, one);
    const verdict = known && verdictOf(rules, standings, known, env.nowMs());
    if (verdict && verdict !== known) verdicts.set(target.containerId, verdict);
    for (const beat of one.beats.values()) {
      const standing = standings[beat.type];
      // What is well and was so before this process began can wait; all of it at once would be a stampede.
      const calm = standing?.result === 'success' && target.startedAtMs < startedAtMs;
      if (mayProbe(standings, beat.type)) arm(one, beat, firstDueMs(one, beat) + (calm ? random() * beat.periodMs : 0));
    }
  }

  function close(one: Watched): void {
    one.abort.abort();
    for (const beat of one.beats.values()) beat.cancel();
    watched.delete(one.target.containerId);
  }

  function arm(one: Watched, beat: Beat, dueMs: number): void {
    beat.cancel();
    beat.dueMs = dueMs;
    beat.cancel = schedule.at(dueMs, () => void tick(one, beat));
  }

  function firstDueMs({ target }: Watched, { probe }: Beat): number {
    return env.monotonicMs() + remainingDelayMs(probe.initialDelaySeconds ?? 0, target.startedAtMs, env.nowMs());
  }

  async function tick(one: Watched, beat: Beat): Promise<void> {
    const { type, probe } = beat;
    const { target, abort } = one;
    if (!mayProbe(one.standings, type) || isMute(one, beat)) return;
    const firedMs = env.monotonicMs();
    let beganMs: number | undefined;
    const handler: ProbeHandler = (attempt) =>
      slots[PROBE_COSTS[beat.kind]][beat.slow ? 'slow' : 'quick'].run(async () => {
        const triedMs = env.monotonicMs();
        if (beganMs === undefined) meter.late(triedMs - beat.dueMs);
        beganMs ??= triedMs;
        const answer = attempt.signal.aborted || isMute(one, beat) ? STOPPED : await handlers[beat.kind](attempt);
        beat.slow = env.monotonicMs() - triedMs >= LEASE_MS;
        return answer;
      });
    const answer = await tryProbe({ type, probe, target, signal: abort.signal, handler });
    if (abort.signal.aborted || isMute(one, beat)) return;
    const endedMs = env.monotonicMs();
    beganMs ??= endedMs;
    learn(one, beat, answer, endedMs - beganMs);
    if (!mayProbe(one.standings, type)) return;
    // Who had to queue up comes at that time from now on: so what fell due together spreads by itself.
    const queued = beganMs - firedMs > QUEUED_SHARE * beat.periodMs;
    arm(one, beat, nextDueMs(queued ? beganMs : beat.dueMs, intervalMs(beat, answer), endedMs));
  }

  function intervalMs(beat: Beat, { result }: Answer): number {
    if (result === 'success' || result === 'warning') beat.retryMs = beat.periodMs;
    const intervalMs = Math.min(beat.retryMs, beat.periodMs);
    beat.retryMs *= 2;
    return intervalMs;
  }

  function learn(one: Watched, beat: Beat, answer: Answer, durationMs: number): void {
    const { type } = beat;
    const { target, rules } = one;
    const { containerId } = target;
    const outcome = answer.result === 'warning' ? 'success' : answer.result;
    if (!(answer.result === 'error' && answer.away)) meter.ended(beat.series, COUNTED_AS[outcome], durationMs);
    tellProbe(record, { type, target }, answer);
    one.standings = reduce(rules, one.standings, type, outcome);
    beat.report = report(one, beat, answer, env.nowMs(), durationMs);

    const before = verdicts.get(containerId) ?? firstVerdict(rules, target.startedAtMs);
    const verdict = verdictOf(rules, one.standings, before, env.nowMs());
    if (verdict !== before) verdicts.set(containerId, verdict);
    if (type !== 'startup' || !verdict.started) return;
    for (const other of one.beats.values()) {
      if (mayProbe(one.standings, other.type)) arm(one, other, firstDueMs(one, other));
    }
  }

  return {
    update(targets) {
      if (closed) return;
      const ids = new Set(targets.map((target) => target.containerId));
      for (const [id, one] of watched) if (!ids.has(id)) close(one);
      for (const target of targets) {
        const one = watched.get(target.containerId);
        const spared = one && ((one.standings.stopping && !target.stopping) || (one.target.told && !target.told));
        if (one && !spared && sameProbes(one.target.container, target.container)) {
          one.target = target;
          one.standings = { ...one.standings, stopping: target.stopping };
          continue;
        }
        if (one) close(one);
        open(target);
      }
      verdicts.retain(ids);
    },
    verdicts: () => verdicts.current(),
    async run(poke, signal) {
      await verdicts.run(poke, signal);
      closed = true;
      for (const one of [...watched.values()]) close(one);
    },
    lastResults: () =>
      [...watched.values()].flatMap((one) => [...one.beats.values()].flatMap(({ report }) => report ?? [])),
  };
}

/** Commands are work for the runtime just when it has the most: it may never come to the end of a stop. */
function isMute({ target }: Watched, { kind }: Beat): boolean {
  return target.told && kind === 'exec';
}

const COUNTED_AS = { success: 'successful', failure: 'failed', error: 'unknown' } as const;

function rulesOf(container: Container): ProbeRules {
  return Object.fromEntries(probesOf(container).map(([type, probe]) => [type, ruleOf(probe)]));
}

function ruleOf({ successThreshold, failureThreshold, terminationGracePeriodSeconds }: Probe): ProbeRule {
  return {
    successThreshold: successThreshold ?? 1,
    failureThreshold: failureThreshold ?? 3,
    ...(terminationGracePeriodSeconds !== undefined && { graceSeconds: terminationGracePeriodSeconds }),
  };
}

function probesOf(container: Container): [ProbeType, Probe][] {
  return PROBE_TYPES.flatMap((type): [ProbeType, Probe][] => {
    const probe = container[`${type}Probe`];
    return probe ? [[type, probe]] : [];
  });
}

function beatsOf({ pod, container }: ProbeTarget, standings: Standings): Map<ProbeType, Beat> {
  const { name, namespace, uid } = pod.metadata;
  const beats = new Map<ProbeType, Beat>();
  for (const [type, probe] of probesOf(container)) {
    const kind = kindOf(probe);
    if (!kind) continue;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    const series = { type, container: container.name, pod: name, namespace, uid };
    const early = type === 'readiness' && standings.readiness?.result !== 'success';
    const retryMs = early ? FIRST_RETRY_MS : periodMs;
    beats.set(type, {
      type,
      probe,
      kind,
      rule: ruleOf(probe),
      periodMs,
      series,
      dueMs: 0,
      retryMs,
      slow: false,
      cancel: () => {},
    });
  }
  return beats;
}

/** A Pod that names its own uid may be edited in place; else only the object is another one. */
function sameProbes(a: Container, b: Container): boolean {
  return a === b || JSON.stringify(probesOf(a)) === JSON.stringify(probesOf(b));
}

function report(
  { target, standings }: Watched,
  { type, kind, rule }: Beat,
  answer: Answer,
  atMs: number,
  durationMs: number,
): ProbeReport {
  const { key, container, containerId } = target;
  const standing = standings[type];
  return {
    key,
    container: container.name,
    containerId,
    type,
    kind,
    result: answer.result,
    output: answer.output.slice(0, MAX_REPORT_CHARS),
    atMs,
    durationMs,
    run: standing?.run ?? 0,
    threshold: standing?.last === 'failure' ? rule.failureThreshold : rule.successThreshold,
  };
}
