/**
 * Learns from systemd-logind that the machine is about to go down, and holds it up until the Pods have ended
 * (pkg/kubelet/nodeshutdown/systemd; systemd's "Inhibitor Locks"). Without logind there is nothing to learn.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bus, connectBus, type Method } from './dbus/bus.ts';
import { type Env, sleep } from './env.ts';

export interface ShutdownWatchOptions {
  readonly env: Env;
  /** How long the shutdown has to be held up at most. */
  readonly periodMs: number;
  /** The machine goes down: resolves when it may. */
  readonly begin: () => Promise<void>;
  /** It stays up after all. */
  readonly cancel: () => void;
  /** Of the system's D-Bus. */
  readonly busSocket: string;
  /** Default: the system's. */
  readonly logindConfigDirectory?: string;
}

const LOGIND = 'org.freedesktop.login1';
const LOGIND_PATH = '/org/freedesktop/login1';
const MANAGER = 'org.freedesktop.login1.Manager';
const LOGIND_CONFIG_DIRECTORY = '/etc/systemd/logind.conf.d';
const CONFIG_FILE = '99-rower.conf';
/** After a failure everything is tried again so long after. */
const RETRY_MS = 10_000;
/** logind reads its configuration at its leisure. */
const RELOAD_MS = 1000;

const KILL_UNIT: Method = {
  destination: 'org.freedesktop.systemd1',
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.systemd1.Manager',
  member: 'KillUnit',
};

function configText(periodMs: number): string {
  return `# Written by rower: the shutdown of this machine waits for the Pods (shutdownGracePeriod).\n[Login]\nInhibitDelayMaxSec=${Math.ceil(periodMs / 1000)}\n`;
}

/** Until `signal` aborts; then the lock is given back. Never rejects. */
export async function watchShutdown(options: ShutdownWatchOptions, signal: AbortSignal): Promise<void> {
  const { env, busSocket } = options;
  let told = '';
  while (!signal.aborted) {
    let bus: Bus | undefined;
    try {
      bus = await connectBus(env, busSocket);
      await new Watch(options, bus).run(signal);
      told = '';
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== told && !signal.aborted)
        env.log.warn(
          { error: why },
          'a shutdown of this machine cannot be held up until the Pods have ended: systemd-logind does not answer; tried again',
        );
      told = why;
    } finally {
      bus?.close();
    }
    await sleep(env, RETRY_MS, signal);
  }
}

/** As long as one connection lasts. */
class Watch {
  readonly #o: ShutdownWatchOptions;
  readonly #bus: Bus;
  #lock: ChildProcess | undefined;
  /** The lock is ours: its process has said so. */
  #held = false;
  /** Counts those that were called off. */
  #shutdowns = 0;
  #wake: () => void = () => {};

  constructor(options: ShutdownWatchOptions, bus: Bus) {
    this.#o = options;
    this.#bus = bus;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { env } = this.#o;
    let over = false;
    const stop = () => {
      over = true;
      // Ends what is still being asked, or waited for.
      this.#bus.close();
      if (!this.#held) this.#lock?.kill();
      this.#wake();
    };
    signal.addEventListener('abort', stop, { once: true });
    void this.#bus.ended.then(stop);
    try {
      let looked = false;
      await this.#bus.subscribe(
        `type='signal',sender='${LOGIND}',path='${LOGIND_PATH}',interface='${MANAGER}',member='PrepareForShutdown'`,
        () => {
          looked = false;
          this.#wake();
        },
      );
      await this.#raiseDelay();
      await this.#takeLock();
      env.log.info({ periodMs: this.#o.periodMs }, 'a shutdown of this machine is held up until the Pods have ended');
      let goingDown = false;
      while (!over) {
        // Anybody may send a signal: what it says is asked for.
        looked = true;
        const preparing = (await this.#property('PreparingForShutdown')) === true;
        if (preparing !== goingDown) {
          goingDown = preparing;
          await this.#changed(preparing, signal);
        }
        if (!looked || over) continue;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.#releaseLock();
    }
  }

  async #changed(preparing: boolean, signal: AbortSignal): Promise<void> {
    const { env, begin, cancel } = this.#o;
    if (preparing) {
      env.log.info({}, 'the machine goes down: the Pods are stopped');
      const shutdown = this.#shutdowns;
      void begin().then(() => {
        if (this.#shutdowns !== shutdown) return;
        env.log.info({}, 'the Pods have ended or had their time: the machine may go down');
        this.#releaseLock();
      });
    } else {
      env.log.info({}, 'the machine stays up after all: the Pods are started again');
      this.#shutdowns += 1;
      cancel();
      if (!this.#lock && !signal.aborted) await this.#takeLock();
    }
  }

  async #property(name: string): Promise<unknown> {
    const get: Method = {
      destination: LOGIND,
      path: LOGIND_PATH,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
    };
    return (await this.#bus.call(get, 'ss', MANAGER, name))[0];
  }

  /** logind waits 5 s for everybody unless it is told to wait longer. What cannot be raised is used as it is. */
  async #raiseDelay(): Promise<void> {
    const { env, periodMs, logindConfigDirectory = LOGIND_CONFIG_DIRECTORY } = this.#o;
    const delayMs = async () => Number(await this.#property('InhibitDelayMaxUSec')) / 1000;
    if ((await delayMs()) >= periodMs) return;
    const file = join(logindConfigDirectory, CONFIG_FILE);
    let problem = 'it is set to less elsewhere';
    try {
      await mkdir(logindConfigDirectory, { recursive: true });
      await writeFile(file, configText(periodMs));
      // SIGHUP: read the configuration again.
      await this.#bus.call(KILL_UNIT, 'ssi', 'systemd-logind.service', 'all', 1);
      await sleep(env, RELOAD_MS);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    const now = await delayMs();
    if (now >= periodMs) return;
    env.log.error(
      { file, delayMs: now, periodMs, problem },
      'systemd-logind holds a shutdown up for less than shutdownGracePeriod: its InhibitDelayMaxSec could not be raised',
    );
  }

  /**
   * The lock is a file descriptor of logind's, which systemd-inhibit keeps as long as its command runs: `cat` ends when
   * this process lets go of its standard input, or dies.
   */
  #takeLock(): Promise<void> {
    const why = 'Pods need time to end';
    const child = spawn(
      'systemd-inhibit',
      ['--what=shutdown', '--who=rower', `--why=${why}`, '--mode=delay', 'sh', '-c', 'echo held; exec cat >/dev/null'],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    // Where there is no descriptor left for a pipe there are no streams, and an error is to come.
    if (!child.stdout) return new Promise((_, reject) => child.on('error', reject));
    this.#lock = child;
    this.#held = false;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-1000);
    });
    child.stdin.on('error', () => {});
    return new Promise((resolve, reject) => {
      child.stdout.once('data', () => {
        this.#held = true;
        resolve();
      });
      child.on('error', reject);
      child.on('close', () => {
        reject(new Error(`systemd-inhibit ended: ${said.trim()}`));
        // Lost, not given back: everything begins anew.
        if (this.#lock === child) this.#bus.close();
      });
    });
  }

  #releaseLock(): void {
    const child = this.#lock;
    this.#lock = undefined;
    child?.stdin?.end();
  }
}
