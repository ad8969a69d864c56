/** A systemd-logind on a bus of its own, and a `systemd-inhibit` that leaves a file for as long as it holds its lock. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BusServer, startBus } from './dbus/bus-server.ts';

export interface Logind {
  readonly bus: BusServer;
  /** For files that it is told to read. */
  readonly configDirectory: string;
  /** Directory of the program, for PATH. */
  readonly programs: string;
  readonly kills: unknown[];
  preparing: boolean;
  locked(): boolean;
  /** The arguments that the lock was taken with. */
  lockText(): string;
  /** The machine goes down, or stays up after all: everybody is told. */
  prepare(preparing: boolean): void;
  stop(): Promise<void>;
}

export interface LogindOptions {
  /** What `systemd-inhibit` does instead. */
  readonly inhibit?: string;
  readonly delayUs?: bigint;
  /** Nobody answers on the bus. */
  readonly deaf?: boolean;
}

export async function startLogind({ inhibit, delayUs = 90_000_000n, deaf }: LogindOptions = {}): Promise<Logind> {
  const dir = mkdtempSync(join(tmpdir(), 'logind-'));
  const lock = join(dir, 'lock');
  const programs = join(dir, 'bin');
  mkdirSync(programs);
  // Killed or not, the lock goes with the process that holds it.
  const holds = `exec 3<&0; trap 'rm -f ${lock}; exit' TERM; echo "$@" > ${lock}.new; mv ${lock}.new ${lock}; shift 4; "$@" <&3 & wait $!; rm -f ${lock}`;
  const script = inhibit ?? holds;
  writeFileSync(join(programs, 'systemd-inhibit'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  let delay = delayUs;
  const bus = await startBus((call) => {
    if (deaf) return { error: 'org.freedesktop.DBus.Error.ServiceUnknown' };
    if (call.member === 'KillUnit') {
      logind.kills.push(call.body);
      delay = 60_000_000n;
      return { signature: '', body: [] };
    }
    const value = call.body?.[1] === 'PreparingForShutdown' ? ['b', logind.preparing] : ['t', delay];
    return { signature: 'v', body: [value] };
  });
  const logind: Logind = {
    bus,
    configDirectory: join(dir, 'logind.conf.d'),
    programs,
    kills: [],
    preparing: false,
    locked: () => existsSync(lock),
    lockText: () => readFileSync(lock, 'utf8'),
    prepare(preparing) {
      logind.preparing = preparing;
      bus.signal({
        path: '/org/freedesktop/login1',
        interface: 'org.freedesktop.login1.Manager',
        member: 'PrepareForShutdown',
        signature: 'b',
        body: [preparing],
      });
    },
    async stop() {
      await bus.stop();
      rmSync(dir, { recursive: true });
    },
  };
  return logind;
}
