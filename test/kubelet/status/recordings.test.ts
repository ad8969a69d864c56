import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from '../../../src/kubelet/observed.ts';
import type { Wait } from '../../../src/kubelet/plan/types.ts';
import { generateStatus } from '../../../src/kubelet/status/generate.ts';
import type { ContainerStatus, Pod, PodStatus } from '../../../src/kubelet/types.ts';
import { podKey } from '../../../src/kubelet/types.ts';
import type { Verdict } from '../../../src/kubelet/verdict.ts';
import { node } from '../node.ts';

/** Pods as a kubelet 1.32 showed them; what it saw is worked back from its own answer. */
const folder = join(import.meta.dirname, '../../fixtures/kubelet-1.32');

type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

function seen(status: ContainerStatus): ObservedContainer[] {
  const { state, lastState } = status;
  const current = state?.running ?? state?.terminated;
  const runs = [current, lastState?.terminated].filter((run) => run !== undefined);
  return runs.map((run, index): ObservedContainer => {
    const ended = 'exitCode' in run ? (run as Terminated) : undefined;
    const attempt = status.restartCount - index;
    return {
      id: ended?.containerID?.replace('containerd://', '') ?? idOf(status),
      sandboxId: 's',
      uid: 'set below',
      name: status.name,
      attempt,
      state: ended ? 'exited' : 'running',
      firstSeenMs: 0,
      createdAtMs: 0,
      ...(run.startedAt && Date.parse(run.startedAt) > 0 && { startedAtMs: Date.parse(run.startedAt) }),
      ...(ended?.finishedAt && { finishedAtMs: Date.parse(ended.finishedAt) }),
      exitCode: ended?.exitCode ?? 0,
      reason: ended?.reason ?? '',
      message: ended?.message ?? '',
      image: status.image,
      imageRef: status.imageID,
      record: { restartCount: attempt, backOffMs: 0, epoch: 0, hash: '', terminationMessagePolicy: 'File' },
    };
  });
}

const idOf = (status: ContainerStatus) => status.containerID?.replace('containerd://', '') ?? '';

const verdict = ({ started, ready }: ContainerStatus): Verdict => ({
  started: started ?? false,
  ready,
  readySinceMs: 0,
});

function regenerate(pod: Pod & { status: PodStatus }): PodStatus {
  const { status } = pod;
  const { uid, name, namespace } = pod.metadata;
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const verdicts = new Map(
    statuses.flatMap((each) => (each.state?.running ? [[idOf(each), verdict(each)] as const] : [])),
  );
  const startTimeMs = Date.parse(status.startTime ?? '');
  const good = status.conditions?.[0]?.status === 'True';
  const sandbox: ObservedSandbox = {
    id: 's',
    uid,
    attempt: 0,
    state: good ? 'ready' : 'notready',
    createdAtMs: startTimeMs,
    ips: (status.podIPs ?? []).map(({ ip }) => ip),
    record: {},
  };
  const observed: ObservedPod = {
    key: podKey(namespace, name),
    sandboxes: [sandbox],
    containers: statuses.flatMap(seen).map((container) => ({ ...container, uid })),
  };
  const waits = statuses.flatMap((each): Wait[] =>
    each.state?.waiting
      ? [{ container: each.name, reason: each.state.waiting.reason ?? '', message: each.state.waiting.message ?? '' }]
      : [],
  );
  return generateStatus({
    pod,
    observed,
    waits,
    admission: { verdict: 'admit' },
    startTimeMs,
    nowMs: startTimeMs + 3_600_000,
    verdicts,
    hostIps: [],
    node: node(),
    runtimeName: 'containerd',
    before: undefined,
  });
}

/**
 * When a change was noticed is the kubelet's own rhythm; a run that never began has its epoch there, none here. Resources
 * are shown by a kubelet from 1.33 on.
 */
function comparable(status: PodStatus): unknown {
  return JSON.parse(
    JSON.stringify(status, (key, value: unknown) =>
      ['lastTransitionTime', 'resources', 'allocatedResources'].includes(key) || value === '1970-01-01T00:00:00Z'
        ? undefined
        : value,
    ),
  );
}

describe('generateStatus', () => {
  for (const file of readdirSync(folder).sort()) {
    it(`says of ${file.replace('.json', '')} what a kubelet says`, () => {
      const pod = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      assert.deepEqual(comparable(regenerate(pod)), comparable(pod.status));
    });
  }
});
