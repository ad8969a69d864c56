/**
 * What the probes of one container have come to, from their results (pkg/kubelet/prober/worker.go). Pure.
 *
 *   startup    unknown ──▶ success, failure      and no further
 *   liveness   success ──▶ failure               and no further: the container is to be stopped
 *   readiness  failure ◀─▶ success               as long as the container runs
 *
 * An arrow is taken when a run of equal results has reached its threshold. Liveness and readiness wait for startup.
 */
import type { Verdict } from '../kubelet/verdict.ts';

export const PROBE_TYPES = ['startup', 'readiness', 'liveness'] as const;
export type ProbeType = (typeof PROBE_TYPES)[number];

/** How one tick ended. An error says nothing of the container and counts for nothing. */
export type Outcome = 'success' | 'failure' | 'error';

/** How often one tick tries before it ends with an error (pkg/kubelet/prober/prober.go). */
export const MAX_TRIES = 3;

export interface ProbeRule {
  readonly successThreshold: number;
  readonly failureThreshold: number;
  /** The probe's own grace period. */
  readonly graceSeconds?: number;
}

export type ProbeRules = Readonly<Partial<Record<ProbeType, ProbeRule>>>;

export interface Standing {
  readonly result: 'unknown' | 'success' | 'failure';
  /** Of the last ticks, as far as they are equal. */
  readonly last?: 'success' | 'failure';
  readonly run: number;
}

export interface Standings extends Readonly<Partial<Record<ProbeType, Standing>>> {
  /** The Pod is being stopped: only readiness goes on. */
  readonly stopping: boolean;
}

const INITIAL: Readonly<Record<ProbeType, Standing['result']>> = {
  startup: 'unknown',
  readiness: 'failure',
  liveness: 'success',
};

/** A container that begins its life, or one that was judged before this process began. Run lengths start at zero. */
export function begin(rules: ProbeRules, known?: Verdict): Standings {
  const results = known ? resultsOf(known) : INITIAL;
  return {
    stopping: false,
    ...Object.fromEntries(
      PROBE_TYPES.filter((type) => rules[type]).map((type): [ProbeType, Standing] => [
        type,
        { result: results[type], run: 0 },
      ]),
    ),
  };
}

function resultsOf({ started, ready, failed }: Verdict): Record<ProbeType, Standing['result']> {
  return {
    startup: started ? 'success' : failed?.probe === 'startup' ? 'failure' : 'unknown',
    readiness: ready ? 'success' : 'failure',
    liveness: failed?.probe === 'liveness' ? 'failure' : 'success',
  };
}

/** Is there anything to learn from another tick of this probe? */
export function mayProbe(standings: Standings, type: ProbeType): boolean {
  const standing = standings[type];
  if (!standing || (standings.stopping && type !== 'readiness')) return false;
  if (type === 'startup') return standing.result === 'unknown';
  return isStarted(standings) && !(type === 'liveness' && standing.result === 'failure');
}

/** Takes in how one tick ended. The same object when it changed nothing. */
export function reduce(rules: ProbeRules, standings: Standings, type: ProbeType, outcome: Outcome): Standings {
  const standing = standings[type];
  const rule = rules[type];
  if (outcome === 'error' || !standing || !rule || !mayProbe(standings, type)) return standings;
  const threshold = outcome === 'success' ? rule.successThreshold : rule.failureThreshold;
  const before = standing.last === outcome ? standing.run : 0;
  // What is beyond the threshold need not be counted.
  const run = before < threshold ? before + 1 : before;
  const result = run >= threshold ? outcome : standing.result;
  if (result === standing.result && run === standing.run && outcome === standing.last) return standings;
  return { ...standings, [type]: { result, last: outcome, run } };
}

/** What these probes say. `before` itself when that is still true. */
export function verdictOf(rules: ProbeRules, standings: Standings, before: Verdict, nowMs: number): Verdict {
  const started = isStarted(standings);
  const ready = !standings.readiness || standings.readiness.result === 'success';
  const probe = failedProbe(standings);
  if (started === before.started && ready === before.ready && probe === before.failed?.probe) return before;
  const flipped = (started && ready) !== (before.started && before.ready);
  const graceSeconds = probe && rules[probe]?.graceSeconds;
  return {
    started,
    ready,
    readySinceMs: flipped ? nowMs : before.readySinceMs,
    ...(probe && { failed: { probe, ...(graceSeconds !== undefined && { graceSeconds }) } }),
  };
}

/** The verdict on a container that nobody has judged yet. */
export function firstVerdict(rules: ProbeRules, startedAtMs: number): Verdict {
  return { started: !rules.startup, ready: !rules.readiness, readySinceMs: startedAtMs };
}

/** How long the first tick has to wait. Clocks may have jumped: never longer than the delay itself. */
export function remainingDelayMs(initialDelaySeconds: number, startedAtMs: number, nowMs: number): number {
  const delayMs = initialDelaySeconds * 1000;
  return Math.min(Math.max(startedAtMs + delayMs - nowMs, 0), delayMs);
}

function isStarted({ startup }: Standings): boolean {
  return !startup || startup.result === 'success';
}

function failedProbe({ liveness, startup }: Standings): 'liveness' | 'startup' | undefined {
  if (startup?.result === 'failure') return 'startup';
  return liveness?.result === 'failure' ? 'liveness' : undefined;
}
