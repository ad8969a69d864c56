/** Plans of containers that mount images. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { neededImages } from '../../../src/kubelet/plan/mounted-images.ts';
import { container, instance, KEY, notes, observed, revision, sandbox } from '../build.ts';
import { assertPlan, type PlanRow } from '../plan-rows.ts';

const mounting = container({ volumeMounts: [{ name: 'web', mountPath: '/web' }] });
const other = container({ name: 'other' });
const volumes = [
  { name: 'web', image: { reference: 'site:2', pullPolicy: 'Always' } },
  { name: 'unused', image: { reference: 'no:1', pullPolicy: 'Always' } },
];
const of = revision({ containers: [mounting], volumes });
const slot = { state: 'want' as const, key: KEY, revision: of };
const START = [
  'prepare-pod',
  'run-sandbox u1 attempt 0',
  'check-image busybox:1',
  'check-image site:2',
  'create main attempt 0 restarts 0 back-off 0s',
  'start main',
];
const pulled = notes((all) => all.pulled('u1', 'site:2', 'main', 0));

const ROWS: PlanRow[] = [
  {
    name: 'the image is pulled before the container is made',
    given: { slot },
    actions: ['prepare-pod', 'run-sandbox u1 attempt 0', 'pull-image site:2'],
    waits: ['ContainerCreating'],
  },
  {
    name: 'and then checked with the own one',
    given: { slot, notes: pulled },
    actions: START,
    waits: ['ContainerCreating'],
  },
  {
    name: 'its failure is the failure of the container',
    given: { slot, notes: notes((all) => all.pullFailed('u1', 'site:2', 'ErrImagePull', 'no such host', 999_000)) },
    actions: ['prepare-pod', 'run-sandbox u1 attempt 0'],
    waits: ['ErrImagePull 1s'],
  },
  {
    name: 'it is there before the former revision stops',
    given: {
      slot: { ...slot, revision: revision({ containers: [mounting], volumes }, 'u2') },
      observed: observed([sandbox(of)], [instance(of)]),
      imageKnown: (image) => (image === 'site:2' ? 'absent' : 'present'),
    },
    actions: ['pull-image site:2'],
    waits: ['PullingAhead'],
  },
];

describe('a container that mounts an image', () => {
  for (const row of ROWS) it(row.name, () => assertPlan(row));
});

it('a container needs its own image and those that it mounts', () => {
  const images = (one: typeof mounting) =>
    neededImages(of.pod.spec, one).map(({ name, image, imagePullPolicy }) => [name, image, imagePullPolicy]);
  assert.deepEqual(images(mounting), [
    ['main', 'busybox:1', 'IfNotPresent'],
    ['main', 'site:2', 'Always'],
  ]);
  assert.deepEqual(images(other), [['other', 'busybox:1', 'IfNotPresent']]);
});
