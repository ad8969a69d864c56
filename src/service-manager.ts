/**
 * What systemd is told of a service of `Type=notify` (sd_notify(3)), through `systemd-notify`: Node opens no datagram
 * socket of the file system. Without `NOTIFY_SOCKET` nothing is told and nothing is started.
 */
import { type Env, sleep } from './kubelet/env.ts';
import { runProgram } from './kubelet/images/run-program.ts';

const TIMEOUT_MS = 10_000;

export interface ServiceManagerOptions {
  readonly env: Env;
  /** Its `NOTIFY_SOCKET` and `WATCHDOG_*` are taken out: programs that the agent starts are no part of this. */
  readonly environment: NodeJS.ProcessEnv;
  /** Of this process: another one's watchdog is not ours. */
  readonly pid: number;
}

export class ServiceManager {
  readonly #env: Env;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  /** 0: nobody waits for signs of life. */
  readonly watchdogMs: number;
  #last: Promise<void> = Promise.resolve();
  #failed = false;

  constructor({ env, environment, pid }: ServiceManagerOptions) {
    const { PATH, NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = environment;
    this.#env = env;
    this.#environment = { PATH, NOTIFY_SOCKET };
    const ours = NOTIFY_SOCKET && (WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid));
    this.watchdogMs = ours && /^\d{1,15}$/.test(WATCHDOG_USEC ?? '') ? Number(WATCHDOG_USEC) / 1000 : 0;
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
  }

  /** The agent does its work; also the end of `reloading`. `status` is one line for people. */
  ready(status: string): Promise<void> {
    return this.#tell('READY=1', `STATUS=${status}`);
  }

  reloading(): Promise<void> {
    return this.#tell('RELOADING=1');
  }

  stopping(): Promise<void> {
    return this.#tell('STOPPING=1', 'STATUS=stopping; containers run on');
  }

  /** Gives a sign of life twice in the time of the watchdog, as long as `problems` finds none. Never rejects. */
  async watch(problems: () => readonly string[], status: () => string, signal: AbortSignal): Promise<void> {
    if (this.watchdogMs === 0) return;
    for (;;) {
      await sleep(this.#env, this.watchdogMs / 2, signal);
      if (signal.aborted) return;
      const found = problems();
      if (found.length === 0) await this.#tell('WATCHDOG=1', `STATUS=${status()}`);
      else this.#env.log.error({ problems: found }, 'the agent hangs: the service manager is left to restart it');
    }
  }

  /** When all that was told has been delivered, or has failed. */
  settled(): Promise<void> {
    return this.#last;
  }

  /** One after the other, in the order of the calls. Never rejects: the service manager's absence stops no Pod. */
  #tell(...assignments: string[]): Promise<void> {
    if (!this.#environment.NOTIFY_SOCKET) return this.settled();
    this.#last = this.#last.then(async () => {
      try {
        await runProgram('systemd-notify', {
          env: this.#env,
          args: assignments,
          environment: this.#environment,
          timeoutMs: TIMEOUT_MS,
          maxOutputBytes: 4096,
        });
        this.#failed = false;
      } catch (error) {
        if (this.#failed) return;
        this.#failed = true;
        this.#env.log.error(
          { assignments, error: (error as Error).message },
          'systemd could not be told how the agent is and may restart it: systemd-notify failed',
        );
      }
    });
    return this.#last;
  }
}
