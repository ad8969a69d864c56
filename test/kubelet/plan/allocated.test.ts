import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AppliedResources } from '../../../src/cri/port.ts';
import { allocatedPod, amountsNow, withAmountsOf } from '../../../src/kubelet/plan/allocated.ts';
import type { Container, PodSpec } from '../../../src/kubelet/types.ts';
import { container, exited, instance, observed, revision, sandbox } from '../build.ts';
import { node } from '../node.ts';

type Resources = NonNullable<Container['resources']>;
const MI = 2 ** 20;
const amounts = (cpu: string, memory: string, request = '8Mi'): Resources => ({
  requests: { cpu, memory: request },
  limits: { cpu, memory },
});
const applied = (milli: number, mebibytes: number): AppliedResources => ({
  cpuPeriod: 100_000,
  cpuQuota: milli * 100,
  cpuShares: Math.floor((milli * 1024) / 1000),
  memoryLimitInBytes: mebibytes * MI,
});
const pod = (resources: Resources, more: Partial<PodSpec> = {}) =>
  revision({ containers: [container({ resources })], ...more });

const MADE = amounts('100m', '64Mi');
const WANTED = amounts('200m', '128Mi');

/** What an agent believes that finds a container made with MADE, showing `now`, and a manifest that says `wanted`. */
function found(wanted: Resources, now: AppliedResources | undefined, withRecord = true): Resources | undefined {
  const made = instance(pod(MADE), now ? { resources: now } : {});
  const one = withRecord ? { ...made, record: { ...made.record, resources: MADE } } : made;
  const allocated = allocatedPod(pod(wanted), observed([sandbox(pod(MADE))], [one]), node());
  return allocated.spec.containers[0]?.resources;
}

describe('the amounts that a running Pod has been given', () => {
  const rows: [string, Resources, AppliedResources | undefined, Resources][] = [
    ['those it was made with', WANTED, applied(100, 64), MADE],
    ['those of the manifest, when they show', WANTED, applied(200, 128), WANTED],
    ['those it was made with, when the runtime tells nothing', WANTED, undefined, MADE],
    [
      'those in between, as far as they show',
      WANTED,
      applied(150, 96),
      { requests: { cpu: '150m', memory: '8Mi' }, limits: { cpu: '150m', memory: String(96 * MI) } },
    ],
    [
      'those it shows, though the manifest is back to what it was made with',
      MADE,
      applied(200, 128),
      { requests: { cpu: '200m', memory: '8Mi' }, limits: { cpu: '200m', memory: String(128 * MI) } },
    ],
    ['the old memory request, as a new one does not show', amounts('100m', '64Mi', '16Mi'), applied(100, 64), MADE],
  ];
  for (const [what, wanted, now, expected] of rows) {
    it(`are ${what}`, () => {
      assert.deepEqual(found(wanted, now), expected);
      assert.deepEqual(found(wanted, now, false), expected);
    });
  }

  it('of a container that ended are those of its last run', () => {
    const ended = exited(pod(MADE), 1000);
    const seen = observed([sandbox(pod(WANTED))], [{ ...ended, record: { ...ended.record, resources: MADE } }]);
    assert.deepEqual(allocatedPod(pod(WANTED), seen, node()).spec.containers[0]?.resources, MADE);
  });

  it('are those of the manifest where nothing ran yet: it is the very Pod', () => {
    const wanted = pod(WANTED);
    assert.equal(allocatedPod(wanted, undefined, node()), wanted.pod);
    assert.equal(allocatedPod(wanted, observed([sandbox(wanted)], []), node()), wanted.pod);
  });

  it('of the Pod as a whole are those of its sandbox', () => {
    const before = pod({}, { resources: { limits: { cpu: '1' } } });
    const wanted = pod({}, { resources: { limits: { cpu: '2' } } });
    const allocated = allocatedPod(wanted, observed([sandbox(before)], []), node());
    assert.deepEqual(allocated.spec.resources, { limits: { cpu: '1' } });
  });
});

describe('a Pod with the amounts of another', () => {
  it('keeps everything else, and containers that the other does not have', () => {
    const other = pod(MADE).pod;
    const one = pod(WANTED, {
      hostname: 'new',
      containers: [container({ resources: WANTED }), container({ name: 'more', resources: WANTED })],
    }).pod;
    const { containers, ...spec } = withAmountsOf(one, other).spec;
    assert.equal(spec.hostname, 'new');
    assert.deepEqual(
      containers.map(({ resources }) => resources),
      [MADE, WANTED],
    );
    assert.equal(withAmountsOf(one, one), one);
  });
});

describe('what a container is held to', () => {
  it('is told in the words of the manifest where they fit, else in those of the runtime', () => {
    const { pod: one } = pod(WANTED);
    const [main] = one.spec.containers as [Container];
    const shows = (now: AppliedResources) => amountsNow(one, main, instance(revision(), { resources: now }), node());
    assert.equal(shows(applied(200, 128)), WANTED);
    assert.equal(shows(applied(200, 64))?.limits?.memory, String(64 * MI));
    assert.equal(amountsNow(one, main, undefined, node()), WANTED);
    assert.equal(amountsNow(one, main, exited(revision(), 5), node()), WANTED);
  });
});
