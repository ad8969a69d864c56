import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Verdict } from '../../src/kubelet/verdict.ts';
import {
  begin,
  firstVerdict,
  mayProbe,
  type Outcome,
  type ProbeRules,
  type ProbeType,
  reduce,
  remainingDelayMs,
  type Standings,
  verdictOf,
} from '../../src/probes/reduce.ts';

const rule = (successThreshold = 1, failureThreshold = 3) => ({ successThreshold, failureThreshold });

type Step = { readonly type: ProbeType; readonly outcome: Outcome } | 'stop';

/**
 * The same rules, slow and plain: the whole history is kept, and what it comes to is worked out from its beginning each
 * time it is asked for.
 */
class Model {
  readonly rules: ProbeRules;
  readonly results: Record<ProbeType, Outcome[]> = { startup: [], readiness: [], liveness: [] };
  stopping = false;
  readonly known: Verdict | undefined;

  constructor(rules: ProbeRules, known: Verdict | undefined) {
    this.rules = rules;
    this.known = known;
  }

  step(step: Step): void {
    if (step === 'stop') this.stopping = true;
    else if (step.outcome !== 'error' && this.wants(step.type)) this.results[step.type].push(step.outcome);
  }

  wants(type: ProbeType): boolean {
    if (!this.rules[type]) return false;
    if (this.stopping && type !== 'readiness') return false;
    if (type === 'startup') return this.published('startup') === 'unknown';
    if (this.rules.startup && this.published('startup') !== 'success') return false;
    return type === 'readiness' || this.published('liveness') === 'success';
  }

  published(type: ProbeType): 'unknown' | 'success' | 'failure' {
    const { rules, results } = this;
    let published = this.first(type);
    results[type].forEach((outcome, index) => {
      const needed = outcome === 'success' ? rules[type]?.successThreshold : rules[type]?.failureThreshold;
      const lately = results[type].slice(Math.max(0, index + 1 - (needed ?? 0)), index + 1);
      if (lately.length === needed && lately.every((each) => each === outcome))
        published = outcome as 'success' | 'failure';
    });
    return published;
  }

  first(type: ProbeType): 'unknown' | 'success' | 'failure' {
    if (!this.known) return type === 'startup' ? 'unknown' : type === 'liveness' ? 'success' : 'failure';
    if (this.known.failed?.probe === type) return 'failure';
    if (type === 'startup') return this.known.started ? 'success' : 'unknown';
    return type === 'liveness' || this.known.ready ? 'success' : 'failure';
  }

  verdict() {
    const says = (type: ProbeType) => this.rules[type] && this.published(type);
    const failed = (['startup', 'liveness'] as const).find((type) => says(type) === 'failure');
    return {
      started: says('startup') === undefined || says('startup') === 'success',
      ready: says('readiness') === undefined || says('readiness') === 'success',
      failed,
    };
  }
}

const threshold = fc.integer({ min: 1, max: 4 });
const rules: fc.Arbitrary<ProbeRules> = fc.record(
  {
    startup: fc.record({ successThreshold: fc.constant(1), failureThreshold: threshold }),
    readiness: fc.record({ successThreshold: threshold, failureThreshold: threshold }),
    liveness: fc.record({
      successThreshold: fc.constant(1),
      failureThreshold: threshold,
      graceSeconds: fc.constant(7),
    }),
  },
  { requiredKeys: [] },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      type: fc.constantFrom<ProbeType>('startup', 'readiness', 'liveness'),
      outcome: fc.constantFrom<Outcome>('success', 'success', 'failure', 'failure', 'error'),
    }),
  },
  { weight: 1, arbitrary: fc.constant('stop' as const) },
);
const known: fc.Arbitrary<Verdict | undefined> = fc.option(
  fc.record(
    {
      started: fc.boolean(),
      ready: fc.boolean(),
      readySinceMs: fc.constant(5),
      failed: fc.constantFrom({ probe: 'liveness' as const }, { probe: 'startup' as const }),
    },
    { requiredKeys: ['started', 'ready', 'readySinceMs'] },
  ),
  { nil: undefined },
);

function take(rules: ProbeRules, standings: Standings, step: Step): Standings {
  return step === 'stop' ? { ...standings, stopping: true } : reduce(rules, standings, step.type, step.outcome);
}

describe('reduce', () => {
  it('says the same as a model that looks at the whole history', () => {
    fc.assert(
      fc.property(rules, known, fc.array(step, { maxLength: 60 }), (rules, known, steps) => {
        // A container whose startup failed has not started.
        const former = known?.failed?.probe === 'startup' ? { ...known, started: false } : known;
        const model = new Model(rules, former);
        let standings = begin(rules, former);
        for (const each of steps) {
          standings = take(rules, standings, each);
          model.step(each);
          const { started, ready, failed } = verdictOf(rules, standings, firstVerdict(rules, 0), 1);
          assert.deepEqual({ started, ready, failed: failed?.probe }, model.verdict());
          for (const type of ['startup', 'readiness', 'liveness'] as const) {
            assert.equal(mayProbe(standings, type), model.wants(type), type);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('says of a container what was known of it, until a probe says otherwise', () => {
    fc.assert(
      fc.property(rules, fc.boolean(), fc.boolean(), (rules, started, ready) => {
        const former = { started: started || !rules.startup, ready: ready || !rules.readiness, readySinceMs: 5 };
        assert.equal(verdictOf(rules, begin(rules, former), former, 99), former);
      }),
    );
  });

  it('never takes readiness away for errors', () => {
    const rules = { readiness: rule(), liveness: rule() };
    const ready = reduce(rules, begin(rules), 'readiness', 'success');
    let standings = ready;
    for (let count = 0; count < 10; count += 1) standings = reduce(rules, standings, 'readiness', 'error');
    assert.equal(standings, ready);
  });

  it('gives the same object when a result changes nothing, so that nobody looks again', () => {
    const rules = { readiness: rule(2) };
    const once = reduce(rules, begin(rules), 'readiness', 'success');
    const twice = reduce(rules, once, 'readiness', 'success');
    assert.notEqual(once, twice);
    assert.equal(reduce(rules, twice, 'readiness', 'success'), twice);
  });
});

describe('verdictOf', () => {
  const rules = { startup: rule(), readiness: rule(), liveness: { ...rule(1, 1), graceSeconds: 4 } };
  const first = firstVerdict(rules, 1000);

  it('notes when the container became ready, not when it had started', () => {
    const started = reduce(rules, begin(rules), 'startup', 'success');
    const verdict = verdictOf(rules, started, first, 2000);
    assert.deepEqual(verdict, { started: true, ready: false, readySinceMs: 1000 });
    const ready = verdictOf(rules, reduce(rules, started, 'readiness', 'success'), verdict, 3000);
    assert.deepEqual(ready, { started: true, ready: true, readySinceMs: 3000 });
  });

  it('names the probe that failed, with its own grace period', () => {
    const started = reduce(rules, begin(rules), 'startup', 'success');
    const dead = reduce(rules, started, 'liveness', 'failure');
    assert.deepEqual(verdictOf(rules, dead, first, 2000).failed, { probe: 'liveness', graceSeconds: 4 });
    const stuck = [1, 2, 3].reduce((standings) => reduce(rules, standings, 'startup', 'failure'), begin(rules));
    assert.deepEqual(verdictOf(rules, stuck, first, 2000).failed, { probe: 'startup' });
  });
});

describe('remainingDelayMs', () => {
  for (const [what, startedAtMs, nowMs, expected] of [
    ['right after the start', 100_000, 100_000, 5000],
    ['half-way', 100_000, 102_500, 2500],
    ['long after', 100_000, 900_000, 0],
    ['after the clock was set back a year', 100_000_000_000, 100_000, 5000],
  ] as const) {
    it(`is ${expected} ms of 5 s ${what}`, () => assert.equal(remainingDelayMs(5, startedAtMs, nowMs), expected));
  }
});
