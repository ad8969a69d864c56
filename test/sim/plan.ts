/** What one seed will be like: how much happens, and which faults are on. Each fault is on or off as a whole. */
import type { ShutdownGroup } from '../../src/kubelet/plan/shutdown.ts';
import type { FaultMix } from './faults.ts';
import type { Random } from './random.ts';
import type { WorldFaults } from './world.ts';

const MINUTE_MS = 60_000;

const SHUTDOWN_GROUPS: readonly (readonly ShutdownGroup[])[] = [
  [],
  [
    { priority: 0, periodMs: 20_000 },
    { priority: 2_000_000_000, periodMs: 10_000 },
  ],
  [
    { priority: 0, periodMs: 60_000 },
    { priority: 500, periodMs: 5000 },
    { priority: 1000, periodMs: 30_000 },
    { priority: 2_000_000_000, periodMs: 0 },
  ],
];

/** Happenings per hour of storm. */
export interface Rates {
  edit: number;
  breakFile: number;
  killAgent: number;
  crashRuntime: number;
  killSandbox: number;
  endContainer: number;
  jumpClock: number;
  reboot: number;
  registry: number;
  shutdown: number;
}

export interface Plan {
  days: number;
  pods: number;
  rates: Rates;
  faults: WorldFaults;
  shutdownGroups: readonly ShutdownGroup[];
  reserveNames: boolean;
  tellsEnds: boolean;
  stormMs: () => number;
  calmMs: () => number;
}

export function drawPlan(random: Random, days: number | undefined): Plan {
  /** `most` at the highest, nothing at all in more than half of the seeds. */
  const some = (most: number) => (random.chance(0.45) ? most * random.next() ** 2 : 0);
  const cri: FaultMix = {
    unavailable: some(0.2),
    errorBefore: some(0.3),
    errorAfter: some(0.3),
    cutShort: some(0.3),
    hang: some(0.05),
    lateEffect: some(0.05),
    slow: some(0.5),
    staleList: some(0.5),
  };
  return {
    days: days ?? random.pick([0.02, 0.1, 0.1, 0.5]),
    pods: random.between(1, 6),
    rates: {
      edit: random.between(1, 60),
      breakFile: some(20),
      killAgent: some(120),
      crashRuntime: some(20),
      killSandbox: some(20),
      endContainer: some(60),
      jumpClock: some(10),
      reboot: some(3),
      registry: some(10),
      shutdown: some(12),
    },
    faults: {
      cri,
      stream: {
        loss: some(1),
        duplicate: some(0.5),
        delayMs: random.chance(0.4) ? random.between(1, 5000) : 0,
        breaks: some(0.05),
        unnoticedMs: random.chance(0.5) ? random.between(1, 30_000) : 0,
      },
      host: { fails: some(0.2), slow: some(0.5) },
      source: {
        missed: some(1),
        unreadable: some(0.3),
        firstScanMs: random.chance(0.4) ? random.between(1, 30_000) : 0,
      },
    },
    shutdownGroups: random.pick(SHUTDOWN_GROUPS) ?? [],
    reserveNames: random.chance(0.8),
    tellsEnds: random.chance(0.7),
    stormMs: () => random.between(5, 40) * MINUTE_MS,
    calmMs: () => random.pick([random.between(2, 4), random.between(6, 15)]) * MINUTE_MS,
  };
}
