/** Small Pods and what the runtime holds of them, for tables: a base case and a mutation. */

import { containerHash } from '../../src/kubelet/identity.ts';
import { Notes, type PodNotes } from '../../src/kubelet/notes.ts';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from '../../src/kubelet/observed.ts';
import type { PodInput } from '../../src/kubelet/plan/input.ts';
import { type Container, type Pod, type PodSpec, podKey, type Revision } from '../../src/kubelet/types.ts';

import { node } from './node.ts';

export const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
export const KEY = podKey('default', 'web-n1');

export function container(change: Partial<Container> = {}): Container {
  return {
    name: 'main',
    image: 'busybox:1',
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    resources: {},
    ...change,
  };
}

export function revision(spec: Partial<PodSpec> = {}, uid = 'u1', origin = '/etc/pods/web.yaml'): Revision {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-n1', namespace: 'default', uid },
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      nodeName: 'n1',
      containers: [container()],
      ...spec,
    },
  };
  return { key: KEY, uid, pod, origin: { kind: 'file', location: origin } };
}

export function sandbox(of: Revision, change: Partial<ObservedSandbox> = {}): ObservedSandbox {
  const attempt = change.attempt ?? 0;
  return {
    id: `s${of.uid}.${attempt}`,
    uid: of.uid,
    attempt,
    state: 'ready',
    createdAtMs: NOW_MS - 60_000 + attempt,
    ips: ['10.0.0.1'],
    record: { revision: of, startTimeMs: NOW_MS - 60_000 },
    ...change,
  };
}

type Change = Omit<Partial<ObservedContainer>, 'record'> & {
  restartCount?: number;
  backOffMs?: number;
  epoch?: number;
};

export function instance(of: Revision, { restartCount, backOffMs, epoch, ...change }: Change = {}): ObservedContainer {
  const name = change.name ?? 'main';
  const attempt = change.attempt ?? 0;
  const spec = of.pod.spec.containers.find((each) => each.name === name) ?? container({ name });
  return {
    id: `${name}.${of.uid}.${attempt}`,
    sandboxId: `s${of.uid}.0`,
    uid: of.uid,
    name,
    attempt,
    state: 'running',
    firstSeenMs: 0,
    createdAtMs: NOW_MS - 50_000,
    startedAtMs: NOW_MS - 50_000,
    exitCode: 0,
    reason: '',
    message: '',
    image: 'docker.io/library/busybox:1',
    imageRef: 'docker.io/library/busybox@sha256:0',
    record: {
      restartCount: restartCount ?? attempt,
      backOffMs: backOffMs ?? 0,
      epoch: epoch ?? 0,
      hash: containerHash(spec),
      terminationMessagePolicy: 'File',
      gracePeriodSeconds: of.pod.spec.terminationGracePeriodSeconds,
    },
    ...change,
  };
}

/** An instance that ended `agoMs` ago. */
export function exited(of: Revision, agoMs: number, change: Change = {}): ObservedContainer {
  return instance(of, { state: 'exited', exitCode: 1, reason: 'Error', finishedAtMs: NOW_MS - agoMs, ...change });
}

export function observed(sandboxes: ObservedSandbox[], containers: ObservedContainer[]): ObservedPod {
  return { key: KEY, sandboxes, containers };
}

export function notes(fill: (notes: Notes) => void, uid = 'u1'): PodNotes {
  const all = new Notes();
  fill(all);
  return all.pod(uid);
}

export function input(change: Partial<PodInput> = {}): PodInput {
  return {
    slot: { state: 'want', key: KEY, revision: revision() },
    observed: undefined,
    clock: { nowMs: NOW_MS, monotonicMs: 1_000_000 },
    admission: { verdict: 'admit' },
    startTimeMs: NOW_MS - 60_000,
    inFlight: { stopping: new Set(), pulling: new Set(), hooks: new Set() },
    notes: new Notes().pod('u1'),
    notesOf: () => new Notes().pod(''),
    verdicts: new Map(),
    absentSince: () => undefined,
    imageKnown: () => 'present',
    node: node(),
    networkReady: true,
    maxContainerRestartPeriodMs: 300_000,
    ...change,
  };
}
