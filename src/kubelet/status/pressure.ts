/**
 * MemoryPressure, DiskPressure and PIDPressure of the machine: what is left, against the thresholds of `evictionHard`.
 * Signals, reasons and texts: pkg/kubelet/eviction and pkg/kubelet/nodestatus/setters.go. Nothing is evicted by them.
 */
import { quantityValue } from '../manifest/quantity.ts';

/** How much of something is left; bytes, inodes or processes. */
export interface Room {
  readonly available: number;
  readonly capacity: number;
}

/** What was measured; a signal that could not be is absent. */
export type Rooms = Readonly<Partial<Record<Signal, Room>>>;

export type PressureType = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

/** Every signal of the kubelet, and the condition it belongs to. */
export const SIGNALS = {
  'memory.available': 'MemoryPressure',
  'nodefs.available': 'DiskPressure',
  'nodefs.inodesFree': 'DiskPressure',
  'imagefs.available': 'DiskPressure',
  'imagefs.inodesFree': 'DiskPressure',
  'containerfs.available': 'DiskPressure',
  'containerfs.inodesFree': 'DiskPressure',
  'pid.available': 'PIDPressure',
} as const satisfies Record<string, PressureType>;

export type Signal = keyof typeof SIGNALS;

/** Signal → quantity or percentage. */
export type Thresholds = Readonly<Record<string, string>>;

/** A condition of a Node; times are ms since the epoch. */
export interface PressureCondition {
  readonly type: PressureType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly sinceMs: number;
  /** When the pressure was last felt; absent: never. */
  readonly feltMs?: number;
}

interface Words {
  readonly bad: readonly [reason: string, message: string];
  readonly good: readonly [reason: string, message: string];
  readonly events: readonly [bad: string, good: string];
}

const WORDS: Readonly<Record<PressureType, Words>> = {
  MemoryPressure: {
    bad: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
    good: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    events: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  },
  DiskPressure: {
    bad: ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
    good: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    events: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  },
  PIDPressure: {
    bad: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
    good: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    events: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
  },
};

const TYPES = Object.keys(WORDS) as PressureType[];

/** In units of the signal; undefined for what is no threshold. A percentage is one of the capacity. */
export function thresholdOf(text: string, capacity: number): number | undefined {
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent !== undefined) return Number(percent) <= 100 ? (capacity * Number(percent)) / 100 : undefined;
  return quantityValue(text);
}

/**
 * The conditions now, in the kubelet's order. A pressure that is over is still told for `transitionMs`, so that it does
 * not flap. Without a threshold there is no pressure; what has one and cannot be measured is Unknown.
 */
export function pressureConditions(input: {
  readonly thresholds: Thresholds;
  readonly rooms: Rooms;
  readonly before: readonly PressureCondition[];
  readonly nowMs: number;
  readonly transitionMs: number;
}): PressureCondition[] {
  const { thresholds, rooms, before, nowMs, transitionMs } = input;
  return TYPES.map((type) => {
    const last = before.find((one) => one.type === type);
    const signals = Object.keys(thresholds).filter((name) => SIGNALS[name as Signal] === type) as Signal[];
    const under = signals.filter((name) => isUnder(rooms[name], thresholds[name] ?? ''));
    const feltMs = under.length > 0 ? nowMs : last?.feltMs;
    // A clock that was set back does not make a pressure last.
    const lasts = feltMs !== undefined && Math.abs(nowMs - feltMs) < transitionMs;
    const isMeasured = signals.length === 0 || signals.some((name) => rooms[name]);
    const status = under.length > 0 || lasts ? 'True' : isMeasured ? 'False' : 'Unknown';
    return {
      type,
      status,
      ...reasonOf(type, status, under, thresholds),
      sinceMs: last?.status === status ? last.sinceMs : nowMs,
      ...(feltMs !== undefined && { feltMs }),
    };
  });
}

/** Whether less is left than a threshold says. */
export function isUnder(room: Room | undefined, text: string): boolean {
  const threshold = room && thresholdOf(text, room.capacity);
  return threshold !== undefined && room !== undefined && room.available < threshold;
}

function reasonOf(
  type: PressureType,
  status: PressureCondition['status'],
  under: readonly Signal[],
  thresholds: Thresholds,
): { reason: string; message: string } {
  if (status === 'Unknown') return { reason: 'NodeStatusUnknown', message: 'it could not be measured' };
  const [reason, message] = status === 'True' ? WORDS[type].bad : WORDS[type].good;
  if (under.length === 0) return { reason, message };
  return { reason, message: `${message}: ${under.map((name) => `${name} is below ${thresholds[name]}`).join(', ')}` };
}

/** Reasons of the events for what has changed. A machine that was never under pressure is nothing to tell. */
export function pressureEvents(before: readonly PressureCondition[], after: readonly PressureCondition[]): string[] {
  return after.flatMap(({ type, status }) => {
    const was = before.find((one) => one.type === type)?.status === 'True';
    const [bad, good] = WORDS[type].events;
    if (status === 'True') return was ? [] : [bad];
    return was && status === 'False' ? [good] : [];
  });
}
