import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseLog } from '../../../src/kubelet/logs/choose.ts';
import type { ContainerStatus } from '../../../src/kubelet/types.ts';

const status = (state: ContainerStatus['state'], lastState: ContainerStatus['lastState'] = {}): ContainerStatus => ({
  name: 'c',
  image: 'i',
  imageID: '',
  ready: false,
  restartCount: 0,
  containerID: 'containerd://now',
  ...(state && { state }),
  ...(lastState && { lastState }),
});
const ended = (containerID?: string) => ({ terminated: { exitCode: 1, ...(containerID && { containerID }) } });

describe('the log that is shown', () => {
  const rows: [name: string, ContainerStatus, previous: boolean, choice: string][] = [
    ['is that of the running instance', status({ running: {} }), false, 'now'],
    ['is that of the ended instance', status(ended('containerd://old')), false, 'old'],
    [
      'is that of the last run in a crash loop',
      status({ waiting: { reason: 'CrashLoopBackOff' } }, ended('cri-o://old')),
      false,
      'old',
    ],
    ['is that of the run before', status({ running: {} }, ended('containerd://old')), true, 'old'],
    [
      'is that of the run before, when the next one did not start',
      status(ended(), ended('containerd://old')),
      false,
      'old',
    ],
    [
      'is missing before the first end',
      status({ running: {} }),
      true,
      'previous terminated container "c" in pod "p" not found',
    ],
    [
      'is missing when the image cannot be pulled',
      status({ waiting: { reason: 'ErrImagePull' } }),
      false,
      'container "c" in pod "p" is waiting to start: image can\'t be pulled',
    ],
    [
      'is missing in the back-off of a pull',
      status({ waiting: { reason: 'ImagePullBackOff' } }),
      false,
      'container "c" in pod "p" is waiting to start: trying and failing to pull image',
    ],
    [
      'is missing before the first start',
      status({ waiting: { reason: 'ContainerCreating' } }),
      false,
      'container "c" in pod "p" is waiting to start: ContainerCreating',
    ],
    [
      'is missing when nothing is known',
      status({}),
      false,
      'container "c" in pod "p" is waiting to start - no logs yet',
    ],
    ['is missing when the ended one has no name', status(ended()), false, 'container "c" in pod "p" is terminated'],
  ];
  for (const [name, given, previous, choice] of rows) {
    it(name, () => assert.deepEqual(Object.values(chooseLog('p', given, previous)), [choice]));
  }
});
