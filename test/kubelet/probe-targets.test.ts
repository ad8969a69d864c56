import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ObservedPod } from '../../src/kubelet/observed.ts';
import { probeTargets } from '../../src/kubelet/probe-targets.ts';
import type { Slot } from '../../src/kubelet/slot.ts';
import type { Container, Probe } from '../../src/kubelet/types.ts';
import { container, exited, instance, KEY, observed, revision, sandbox } from './build.ts';

const probe: Probe = { tcpSocket: { port: 80 } };
const probed = (name: string, change: Partial<Container> = {}) => container({ name, livenessProbe: probe, ...change });
const of = revision({
  containers: [
    container({ name: 'plain' }),
    probed('web'),
    probed('api', { livenessProbe: undefined, startupProbe: probe } as object),
  ],
  initContainers: [probed('setup'), probed('sidecar', { restartPolicy: 'Always' })],
});
const want: Slot = { state: 'want', key: KEY, revision: of };

function targets(pod: ObservedPod, slot: Slot | undefined = want, stopping: string[] = [], told: string[] = []) {
  const slots = new Map(slot ? [[KEY, slot]] : []);
  const found = probeTargets({
    slots,
    pods: new Map([[KEY, pod]]),
    isStopping: (uid) => stopping.includes(uid),
    isTold: (key, id) => key === KEY && told.includes(id),
  });
  return found.map(({ containerId, podIp, stopping, told, pod }) => {
    const state = told ? 'told' : stopping ? 'stopping' : 'runs';
    return [containerId, podIp, state, pod === of.pod ? 'wanted' : 'former'].join(' ');
  });
}

describe('probeTargets', () => {
  it('are the running containers that have probes, sidecars too, init containers not', () => {
    const names = ['plain', 'web', 'api', 'setup', 'sidecar'];
    const pod = observed(
      [sandbox(of)],
      names.map((name) => instance(of, { name })),
    );
    const expected = ['sidecar', 'web', 'api'].map((name) => `${name}.u1.0 10.0.0.1 runs wanted`);
    assert.deepEqual(targets(pod), expected);
  });

  it('are of each name only the newest, and only when it runs', () => {
    const pod = observed(
      [sandbox(of)],
      [
        exited(of, 1000, { name: 'web', attempt: 1 }),
        instance(of, { name: 'web', attempt: 0 }),
        instance(of, { name: 'api', attempt: 2 }),
        exited(of, 9000, { name: 'api', attempt: 1 }),
      ],
    );
    assert.deepEqual(targets(pod), ['api.u1.2 10.0.0.1 runs wanted']);
  });

  it('go on for a former revision, by what it was made from, and tell that it stops', () => {
    const next: Slot = { state: 'want', key: KEY, revision: revision({}, 'u2') };
    const former = revision({ containers: [probed('web')] });
    const pod = observed([sandbox(former)], [instance(former, { name: 'web' })]);
    assert.deepEqual(targets(pod, next, ['u1']), ['web.u1.0 10.0.0.1 stopping former']);
    assert.deepEqual(targets(pod, { state: 'drop', key: KEY }), ['web.u1.0 10.0.0.1 runs former']);
  });

  it('tell which container has been told to stop itself', () => {
    const pod = observed([sandbox(of)], [instance(of, { name: 'web' }), instance(of, { name: 'api' })]);
    assert.deepEqual(targets(pod, want, ['u1'], ['api.u1.0']), [
      'web.u1.0 10.0.0.1 stopping wanted',
      'api.u1.0 10.0.0.1 told wanted',
    ]);
  });

  it('are none where nobody knows what was to be probed', () => {
    const pod = observed([sandbox(of, { record: {} })], [instance(of, { name: 'web' })]);
    assert.deepEqual(targets(pod, { state: 'hold', key: KEY, why: 'unknown' }), []);
  });

  it('may have no address yet', () => {
    const pod = observed([sandbox(of, { ips: [] })], [instance(of, { name: 'web' })]);
    assert.deepEqual(targets(pod), ['web.u1.0  runs wanted']);
  });
});
