import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Wait } from '../../../src/kubelet/plan/types.ts';
import { waitEvents } from '../../../src/kubelet/plan/wait-events.ts';
import { revision } from '../build.ts';

const { pod } = revision();
const wait = (reason: string, untilMs?: number, container = 'main'): Wait => ({
  container,
  reason,
  message: `why ${reason}`,
  ...(untilMs !== undefined && { untilMs }),
});
const told = (now: Wait, ...before: Wait[]) =>
  waitEvents(pod, now, before).map(({ reason, message }) => `${reason}: ${message}`);

describe('a wait', () => {
  const crashing = 'BackOff: Back-off restarting failed container main in pod web-n1_default(u1)';
  const never = ['ErrImageNeverPull: why ErrImageNeverPull', 'Failed: Error: ErrImageNeverPull'];
  const rows: [name: string, now: Wait, before: Wait[], events: string[]][] = [
    ['for the end of a crash-loop back-off is told', wait('CrashLoopBackOff', 10_000), [], [crashing]],
    ['that goes on is told once', wait('CrashLoopBackOff', 10_400), [wait('CrashLoopBackOff', 10_000)], []],
    [
      'of the next step is told again',
      wait('CrashLoopBackOff', 30_000),
      [wait('CrashLoopBackOff', 10_000)],
      [crashing],
    ],
    [
      'of another container is another',
      wait('CrashLoopBackOff', 10_000),
      [wait('CrashLoopBackOff', 10_000, 'b')],
      [crashing],
    ],
    ['for a pull is told with its reason', wait('ImagePullBackOff', 10_000), [], ['BackOff: why ImagePullBackOff']],
    ['for an image that nobody may pull is told twice', wait('ErrImageNeverPull', 10_000), [], never],
    [
      'for such an image is told once however often it is looked for',
      wait('ErrImageNeverPull', 20_000),
      [wait('ErrImageNeverPull', 10_000)],
      [],
    ],
    [
      'for an image without a proper name is told',
      wait('InvalidImageName'),
      [],
      ['InspectFailed: why InvalidImageName', 'Failed: Error: InvalidImageName'],
    ],
    ['for its turn is not worth a word', wait('ContainerCreating'), [], []],
  ];
  for (const [name, now, before, events] of rows) it(name, () => assert.deepEqual(told(now, ...before), events));
});
