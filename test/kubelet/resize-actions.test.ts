import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import { type Cri, CriError } from '../../src/cri/port.ts';
import { type Host, HostError } from '../../src/kubelet/host.ts';
import { Notes } from '../../src/kubelet/notes.ts';
import { podSize, resizeSubject, SIZE_SUBJECT } from '../../src/kubelet/plan/resize.ts';
import { resizeContainer, sizePod } from '../../src/kubelet/resize-actions.ts';
import { container, revision } from './build.ts';
import { node } from './node.ts';

const POD = revision({ containers: [container({ resources: { limits: { memory: '64Mi' } } })] });
const ACTION = {
  kind: 'resize-container' as const,
  revision: POD,
  containerId: 'c1',
  containerName: 'main',
  lowersMemory: true,
  resources: { cpuShares: 2, memoryLimitInBytes: 64 * 2 ** 20, memorySwapLimitInBytes: 64 * 2 ** 20 },
};

function parts(failure?: Error, cgroupVersion: 1 | 2 = 1, workingSetBytes = 0) {
  const told: unknown[] = [];
  const notes = new Notes();
  const answer = async (...call: unknown[]) => {
    told.push(call);
    if (failure) throw failure;
  };
  return {
    told,
    notes,
    parts: {
      env: realEnv(),
      cri: { updateContainerResources: answer } as Partial<Cri> as Cri,
      host: { sizePod: answer } as Partial<Host> as Host,
      node: node({ cgroupVersion }),
      stats: {
        listContainerStats: async (labels: Record<string, string>) => {
          assert.deepEqual(Object.values(labels), ['u1', 'main']);
          return [{ id: 'c1', name: 'main', attempt: 0, labels, memory: { timestampMs: 0, workingSetBytes } }];
        },
      },
      notes,
      record: (_object: unknown, type: string, reason: string, message: string) =>
        told.push(`${type} ${reason}: ${message}`),
      resized: (...call: unknown[]) => told.push(['resized', ...call]),
    },
  };
}

test('a container is given its amounts, and that is told', async () => {
  const on = parts();
  assert.equal(await resizeContainer(ACTION, on.parts), true);
  assert.deepEqual(on.told, [
    ['c1', ACTION.resources],
    ['resized', 'c1', { cpuShares: 2, memoryLimitInBytes: 64 * 2 ** 20 }],
    'Normal ResizeCompleted: Pod resize completed: {"containers":[{"name":"main","resources":{"limits":{"memory":"64Mi"}}}]}',
  ]);
});

test('a runtime that refuses is waited for, and asked what it did', async () => {
  const on = parts(new CriError('other', 'UpdateContainerResources', 'device or resource busy'));
  assert.equal(await resizeContainer(ACTION, on.parts), false);
  assert.deepEqual(on.told.slice(1), [
    ['resized', 'c1'],
    'Warning ResizeError: Error resizing container main: device or resource busy',
  ]);
  assert.equal(on.notes.pod('u1').failures.get(resizeSubject('main'))?.reason, 'ResizeError');
});

test("a runtime that is away is nobody's failure", async () => {
  const on = parts(new CriError('unavailable', 'UpdateContainerResources', 'gone'));
  await assert.rejects(resizeContainer(ACTION, on.parts), { code: 'unavailable' });
  assert.deepEqual(on.told.slice(1), [['resized', 'c1']]);
  assert.equal(on.notes.pod('u1').failures.size, 0);
});

test('the size of a Pod is noted when it is the final one', async () => {
  const on = parts();
  await sizePod({ kind: 'size-pod', revision: POD, raise: true }, on.parts);
  assert.equal(on.notes.pod('u1').sizedAs, undefined);
  await sizePod({ kind: 'size-pod', revision: POD, raise: false }, on.parts);
  assert.equal(on.notes.pod('u1').sizedAs, podSize(POD.pod, node()));
});

test('a group that cannot be written is told and tried again', async () => {
  const on = parts(new HostError('ResizeError', 'unable to set the limits of the pod: busy'));
  assert.equal(await sizePod({ kind: 'size-pod', revision: POD, raise: false }, on.parts), false);
  assert.deepEqual(on.told.slice(1), ['Warning ResizeError: unable to set the limits of the pod: busy']);
  assert.equal(on.notes.pod('u1').failures.get(SIZE_SUBJECT)?.count, 1);
});

for (const [version, used, done] of [
  [1, 65, true],
  [2, 64, true],
  [2, 65, false],
] as const)
  test(`version ${version}: with ${used} MiB in use a limit of 64 is ${done ? 'asked for' : 'not asked for'}`, async () => {
    const on = parts(undefined, version, used * 2 ** 20);
    assert.equal(await resizeContainer(ACTION, on.parts), done);
    if (!done)
      assert.deepEqual(on.told, [
        'Warning ResizeError: Error resizing container main: attempting to set memory limit (67108864) below current usage (68157440)',
      ]);
  });
