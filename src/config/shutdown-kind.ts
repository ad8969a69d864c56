/** The kind of `shutdownGracePeriodByPodPriority`. */
import { type Kind, mustBe, ValueError, within } from './kinds.ts';

/** Time for Pods of this priority and more, up to the next entry (ShutdownGracePeriodByPodPriority). */
export interface PriorityPeriod {
  readonly priority: number;
  readonly shutdownGracePeriodSeconds: number;
}

const FIELDS = ['priority', 'shutdownGracePeriodSeconds'] as const;
const MAX_ENTRIES = 100;
const INT32 = 2 ** 31;
/** Longer than any shutdown; still exact in milliseconds and in logind's microseconds. */
const MAX_SECONDS = 2 ** 31 - 1;

/** A list in any order; each priority once. */
export function priorityPeriods(): Kind<readonly PriorityPeriod[]> {
  return {
    name: 'list of priorities and seconds',
    valueName: 'LIST',
    read: (value) => {
      if (!Array.isArray(value)) throw mustBe('a list of `priority` and `shutdownGracePeriodSeconds`', value);
      if (value.length > MAX_ENTRIES) throw new ValueError(`must have at most ${MAX_ENTRIES} entries`);
      const periods = value.map((item, index) => within(String(index), () => readPeriod(item)));
      for (const [index, { priority }] of periods.entries()) {
        if (periods.findIndex((other) => other.priority === priority) < index)
          throw new ValueError(`there is an entry for priority ${priority} already`, [String(index), 'priority']);
      }
      return periods;
    },
    readFlag: () => {
      throw new ValueError('can only be set in the configuration file');
    },
    show: (periods) =>
      periods
        .map(({ priority, shutdownGracePeriodSeconds }) => `${priority}: ${shutdownGracePeriodSeconds}s`)
        .join(', ') || '(none)',
  };
}

function readPeriod(item: unknown): PriorityPeriod {
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    throw mustBe('a map with `priority` and `shutdownGracePeriodSeconds`', item);
  for (const name of Object.keys(item)) {
    if (!FIELDS.includes(name as (typeof FIELDS)[number]))
      within(name, () => {
        throw new ValueError(`unknown field; known are ${FIELDS.join(' and ')}`);
      });
  }
  const { priority = 0, shutdownGracePeriodSeconds = 0 } = item as Record<string, unknown>;
  return {
    priority: within('priority', () => integerWithin(priority, -INT32, INT32 - 1)),
    shutdownGracePeriodSeconds: within('shutdownGracePeriodSeconds', () =>
      integerWithin(shutdownGracePeriodSeconds, 0, MAX_SECONDS),
    ),
  };
}

function integerWithin(value: unknown, min: number, max: number): number {
  if (!Number.isInteger(value)) throw mustBe('a whole number', value);
  if ((value as number) < min || (value as number) > max)
    throw new ValueError(`must be between ${min} and ${max}, not ${value}`);
  return value as number;
}
