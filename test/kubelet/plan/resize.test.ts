import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AppliedResources } from '../../../src/cri/port.ts';
import { podSize, resizeOf } from '../../../src/kubelet/plan/resize.ts';
import type { Container } from '../../../src/kubelet/types.ts';
import { container, instance, revision } from '../build.ts';
import { node } from '../node.ts';

const MI = 2 ** 20;
const NOW: AppliedResources = { cpuPeriod: 100_000, cpuQuota: 50_000, cpuShares: 256, memoryLimitInBytes: 64 * MI };

type Resources = NonNullable<Container['resources']>;
const AS_IT_IS: Resources = { requests: { cpu: '250m' }, limits: { cpu: '500m', memory: '64Mi' } };

const limits = (change: Record<string, string>): Resources => ({
  ...AS_IT_IS,
  limits: { ...AS_IT_IS.limits, ...change },
});

function resize(resources: Resources, now: AppliedResources | undefined, change: Partial<Container> = {}, of = node()) {
  const one = container({ resources, ...change });
  const { pod } = revision({ containers: [one] });
  return resizeOf(pod, one, instance(revision(), now ? { resources: now } : {}), of);
}

describe('a container that runs', () => {
  const full = { ...NOW, memorySwapLimitInBytes: undefined };
  const rows: [string, Resources, AppliedResources, object | undefined][] = [
    ['as it shall', AS_IT_IS, NOW, undefined],
    ['with less memory', limits({ memory: '128Mi' }), NOW, { ...full, memoryLimitInBytes: 128 * MI }],
    ['with more cpu time', limits({ cpu: '400m' }), NOW, { ...full, cpuQuota: 40_000 }],
    ['with another weight', { ...AS_IT_IS, requests: { cpu: '500m' } }, NOW, { ...full, cpuShares: 512 }],
    ['without a limit that it gets', AS_IT_IS, { cpuShares: 256 }, full],
    ['with a limit that nobody names any more', { requests: { cpu: '250m' } }, NOW, undefined],
    ['with another memory request', { ...AS_IT_IS, requests: { cpu: '250m', memory: '32Mi' } }, NOW, undefined],
  ];
  for (const [name, resources, now, told] of rows) {
    it(`${name} ${told ? 'is resized' : 'stays as it is'}`, () => {
      const found = resize(resources, now);
      assert.deepEqual(found && { ...found.resources, memorySwapLimitInBytes: undefined }, told);
      assert.equal(found?.restarts ?? false, false);
    });
  }

  const policies: [string, string, Resources, boolean][] = [
    ['cpu', 'its cpu changes', limits({ cpu: '400m' }), true],
    ['cpu', 'its memory changes', limits({ memory: '128Mi' }), false],
    ['memory', 'its memory changes', limits({ memory: '128Mi' }), true],
    ['memory', 'both change', limits({ memory: '128Mi', cpu: '400m' }), true],
  ];
  for (const [resourceName, what, resources, restarts] of policies) {
    it(`and restarts for ${resourceName} ${restarts ? 'restarts' : 'does not restart'} when ${what}`, () => {
      const resizePolicy = [{ resourceName, restartPolicy: 'RestartContainer' }];
      assert.equal(resize(resources, NOW, { resizePolicy })?.restarts, restarts);
    });
  }

  it('is compared with what it was made with when the runtime tells nothing', () => {
    const one = container({ resources: limits({ memory: '128Mi' }) });
    const { pod } = revision({ containers: [one] });
    const made = instance(revision());
    const old = { ...made, record: { ...made.record, resources: AS_IT_IS } };
    assert.equal(resizeOf(pod, one, old, node())?.resources.memoryLimitInBytes, 128 * MI);
    const current = { ...made, record: { ...made.record, resources: one.resources } };
    assert.equal(resizeOf(pod, one, current, node()), undefined);
    assert.equal(resizeOf(pod, one, made, node()), undefined);
  });

  it('is not resized for what cgroup version 2 rounds away', () => {
    const now = { ...NOW, cpuShares: 250 };
    assert.equal(resize(AS_IT_IS, now, {}, node({ cgroupVersion: 2 })), undefined);
    assert.equal(resize(AS_IT_IS, now, {}, node({ cgroupVersion: 1 }))?.resources.cpuShares, 256);
  });

  it('gets its swap limit with its memory limit where the kernel has both', () => {
    const found = resize(limits({ memory: '128Mi' }), NOW, {}, node({ swapAccounting: true }));
    assert.equal(found?.resources.memorySwapLimitInBytes, 128 * MI);
  });
});

describe('the size of a Pod', () => {
  it('changes with its limits, and is nothing without any', () => {
    const size = (resources: Resources) => podSize(revision({ containers: [container({ resources })] }).pod, node());
    assert.equal(size({}), undefined);
    assert.equal(size(AS_IT_IS), size({ ...AS_IT_IS }));
    assert.notEqual(size(AS_IT_IS), size(limits({ memory: '128Mi' })));
  });
});
