import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generateStatus, type StatusInput } from '../../../src/kubelet/status/generate.ts';
import { container, exited, instance, NOW_MS, observed, revision, sandbox } from '../build.ts';
import { node } from '../node.ts';

function status(change: Partial<StatusInput>) {
  return generateStatus({
    pod: revision().pod,
    observed: undefined,
    waits: [],
    admission: { verdict: 'admit' },
    verdicts: new Map(),
    startTimeMs: NOW_MS - 60_000,
    nowMs: NOW_MS,
    hostIps: [],
    node: node(),
    runtimeName: 'containerd',
    before: undefined,
    ...change,
  });
}

describe('termination messages', () => {
  it('share 12 KiB among all containers of a Pod, each with its beginning', () => {
    const message = 'x'.repeat(4096);
    const names = ['a', 'b', 'c'];
    const pod = revision({
      containers: names.map((name) => container({ name })),
      initContainers: ['i', 'j'].map((name) => container({ name })),
    });
    const ended = ['i', 'j', ...names].map((name) => exited(pod, 0, { name, message: `${name}${message}` }));
    const shown = status({ pod: pod.pod, observed: observed([sandbox(pod)], ended) });
    const messages = [...(shown.initContainerStatuses ?? []), ...(shown.containerStatuses ?? [])].map(
      (each) => each.state?.terminated?.message ?? '',
    );
    assert.deepEqual(
      messages.map((text) => [text[0], text.length]),
      ['i', 'j', 'a', 'b', 'c'].map((name) => [name, Math.floor((12 * 1024) / 5)]),
    );
  });

  it('are cut in bytes, in the former state too', () => {
    const pod = revision({
      containers: [container(), ...Array.from({ length: 5 }, (_, n) => container({ name: `c${n}` }))],
    });
    const former = exited(pod, 0, { message: 'é'.repeat(2048) });
    const shown = status({ pod: pod.pod, observed: observed([sandbox(pod)], [instance(pod, { attempt: 1 }), former]) });
    const main = shown.containerStatuses?.find(({ name }) => name === 'main');
    assert.equal(main?.lastState?.terminated?.message, 'é'.repeat(1024));
  });
});

describe('a Pod that goes down with its machine', () => {
  it('has failed, with the reason, and shows its containers as they are', () => {
    const web = revision();
    const down = { reason: 'Terminated', message: 'the machine goes down' };
    const shown = status({ down, observed: observed([sandbox(web)], [instance(web)]) });
    assert.deepEqual([shown.phase, shown.reason, shown.message], ['Failed', down.reason, down.message]);
    assert.ok(shown.containerStatuses?.[0]?.state?.running);
  });
});

describe('resources', () => {
  const made = (cpu: string) =>
    revision({ containers: [container({ resources: { requests: { cpu }, limits: { cpu: '1' } } })] });
  const shares = (cpuShares: number) => ({ cpuPeriod: 100_000, cpuQuota: 100_000, cpuShares });

  it('are those that were given, and those that are in force', () => {
    const wanted = made('500m');
    const running = instance(wanted, { resources: shares(512) });
    const [shown] =
      status({ pod: wanted.pod, observed: observed([sandbox(wanted)], [running]) }).containerStatuses ?? [];
    assert.deepEqual(shown?.allocatedResources, { cpu: '500m' });
    assert.deepEqual(shown?.resources, { requests: { cpu: '500m' }, limits: { cpu: '1' } });
  });

  it('are still the old ones while the manifest asks for what is not there', () => {
    const [wanted, allocated] = [made('900m'), made('500m').pod];
    const running = instance(wanted, { resources: shares(512) });
    const pending = { reason: 'Deferred' as const, message: 'no room' };
    const shown = status({
      pod: wanted.pod,
      observed: observed([sandbox(wanted)], [running]),
      admission: { verdict: 'admit', allocated, pending },
    });
    assert.deepEqual(shown.containerStatuses?.[0]?.allocatedResources, { cpu: '500m' });
    assert.deepEqual(shown.containerStatuses?.[0]?.resources?.requests, { cpu: '500m' });
    assert.equal(shown.conditions?.[0]?.type, 'PodResizePending');
  });

  it('are not shown of a container that asks for none', () => {
    const shown = status({ observed: observed([sandbox(revision())], [instance(revision())]) });
    assert.equal(shown.containerStatuses?.[0]?.resources, undefined);
    assert.equal(shown.containerStatuses?.[0]?.allocatedResources, undefined);
  });
});
