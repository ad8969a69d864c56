/** The settings of a shutdown of the machine: rows of the table in settings.ts. To add one: see there, and its key in Keys. */
import { duration } from './kinds.ts';
import type { Setting } from './setting.ts';
import { priorityPeriods } from './shutdown-kind.ts';
import type { Config } from './types.ts';

const SECOND_MS = 1000;

type Keys = 'shutdownGracePeriodMs' | 'shutdownGracePeriodCriticalPodsMs' | 'shutdownGracePeriodByPodPriority';

export const SHUTDOWN_SETTINGS: { readonly [K in Keys]: Setting<Config[K]> } = {
  shutdownGracePeriodMs: {
    field: 'shutdownGracePeriod',
    kind: duration({ minMs: SECOND_MS, allowZero: true }),
    default: 0,
    help: 'Time that a shutdown of the machine is held up for Pods to end; 0s is off.',
  },
  shutdownGracePeriodCriticalPodsMs: {
    field: 'shutdownGracePeriodCriticalPods',
    kind: duration({ minMs: SECOND_MS, allowZero: true }),
    default: 0,
    help: 'The part of `shutdownGracePeriod` kept for critical Pods.',
  },
  shutdownGracePeriodByPodPriority: {
    field: 'shutdownGracePeriodByPodPriority',
    kind: priorityPeriods(),
    default: [],
    help: 'Instead of the two above: how long a shutdown of the machine waits for Pods of each `priority` and more, up to the next one in the list; the lowest stop first.',
  },
};
