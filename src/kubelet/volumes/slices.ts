/**
 * Slices of systemd. With its cgroup driver every group is a unit: what is not told to systemd it may undo whenever it
 * writes a group anew (github.com/opencontainers/cgroups, systemd/common.go).
 */
import { type Bus, connectBus } from '../dbus/bus.ts';
import type { Env } from '../env.ts';

/** A property of a unit: its name, its D-Bus type and its value. */
export type Property = readonly [name: string, type: string, value: unknown];

const SYSTEMD = 'org.freedesktop.systemd1';
/** systemd's own, for machines without a bus; root only. */
const PRIVATE_SOCKET = '/run/systemd/private';
const EXISTS = `${SYSTEMD}.UnitExists`;
const NOT_THERE = `${SYSTEMD}.NoSuchUnit`;
/** What makes systemd give the group these controllers, and count. */
const ACCOUNTED = ['CPUAccounting', 'MemoryAccounting', 'TasksAccounting'];

export interface SlicesOptions {
  env: Env;
  busSocket: string;
  privateSocket?: string;
}

export class Slices {
  readonly #o: SlicesOptions;
  #bus: Promise<Bus> | undefined;

  constructor(options: SlicesOptions) {
    this.#o = options;
  }

  /** `paths` of groups, those above first. What is there already stays as it is. */
  async start(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const properties = [
        ['Description', ['s', `Pods of Rower: ${unitOf(path)}`]],
        ['DefaultDependencies', ['b', false]],
        ...ACCOUNTED.map((name) => [name, ['b', true]]),
      ];
      const make = this.#call('StartTransientUnit', 'ssa(sv)a(sa(sv))', unitOf(path), 'replace', properties, []);
      // A stop may still be under way, which a start takes back.
      await make.catch(except(EXISTS, () => this.#call('StartUnit', 'ss', unitOf(path), 'replace')));
    }
  }

  /** Kept by systemd until the slice is stopped or the machine is. */
  async set(path: string, properties: readonly Property[]): Promise<void> {
    if (properties.length === 0) return;
    const values = properties.map(([name, ...variant]) => [name, variant]);
    await this.#call('SetUnitProperties', 'sba(sv)', unitOf(path), true, values);
  }

  /** With everything that is still in them. */
  async stop(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.#call('StopUnit', 'ss', unitOf(path), 'replace').catch(except(NOT_THERE));
  }

  async #call(member: string, signature: string, ...values: unknown[]): Promise<readonly unknown[]> {
    const method = { destination: SYSTEMD, path: '/org/freedesktop/systemd1', interface: `${SYSTEMD}.Manager`, member };
    this.#bus ??= this.#connect();
    return (await this.#bus).call(method, signature, ...values);
  }

  /**
   * One connection for all calls: systemd does not answer for a unit whose last job was asked for on a connection of its
   * own that has ended.
   */
  async #connect(): Promise<Bus> {
    const { env, busSocket, privateSocket = PRIVATE_SOCKET } = this.#o;
    const unref = true;
    const forget = () => {
      this.#bus = undefined;
    };
    try {
      const bus = await connectBus(env, busSocket, { unref }).catch((error: Error) =>
        connectBus(env, privateSocket, { peer: true, unref }).catch(() => Promise.reject(error)),
      );
      void bus.ended.then(forget);
      return bus;
    } catch (error) {
      forget();
      throw new Error(`systemd does not answer, and the cgroups are systemd's: ${(error as Error).message}`);
    }
  }
}

/** A slice is named with all that is above it: the last part of its path. */
const unitOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const except =
  (name: string, otherwise?: () => Promise<unknown>) =>
  async (error: Error): Promise<unknown> => {
    if (error.message.startsWith(`${name}: `)) return otherwise?.();
    throw error;
  };
