/** The agent of the quick start as a process: started, started again when it is killed, stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from './root.ts';

export interface AgentOptions {
  /** Flags of `rower run`. */
  flags: readonly string[];
  logFile: string;
  /** Holds the pid while the agent runs. */
  pidFile: string;
  /** The agent was killed and runs again. */
  onRestart: (signal: string, pid: number) => void;
}

export interface Agent {
  /** Resolves with the exit status when the agent ends by itself. */
  ended: Promise<number>;
  /** SIGTERM, and SIGKILL after ten seconds. */
  stop(): Promise<void>;
}

const STOP_LIMIT_MS = 10_000;
const POLL_MS = 50;

export function startAgent(options: AgentOptions): Agent {
  let child: ChildProcess;
  let stopping = false;
  const ended = new Promise<number>((resolve, reject) => {
    const launch = () => {
      const log = openSync(options.logFile, 'a');
      // A session of its own: Ctrl-C on the terminal is for us, so that things end in order.
      child = spawn(path.join(ROOT, 'bin', 'rower'), ['run', ...options.flags], {
        cwd: ROOT,
        detached: true,
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      writeFileSync(options.pidFile, `${child.pid ?? ''}\n`);
      child.once('error', reject);
      child.once('exit', (status, signal) => {
        rmSync(options.pidFile, { force: true });
        if (signal !== null && !stopping) {
          launch();
          options.onRestart(signal, child.pid ?? 0);
        } else {
          resolve(status ?? 0);
        }
      });
    };
    launch();
  });
  return {
    ended,
    async stop() {
      stopping = true;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await ended.catch(() => {});
      clearTimeout(late);
    },
  };
}

/** Ends an agent that a former quick start, itself killed, has left behind. */
export async function stopFormerAgent(pidFile: string): Promise<boolean> {
  if (!existsSync(pidFile)) return false;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  const isOurs = () => isAgent(pid);
  const found = isOurs();
  if (found) process.kill(pid, 'SIGTERM');
  const until = performance.now() + STOP_LIMIT_MS;
  while (isOurs()) {
    if (performance.now() > until) process.kill(pid, 'SIGKILL');
    await delay(POLL_MS);
  }
  rmSync(pidFile, { force: true });
  return found;
}

/** Whether the process runs this project's program: pids are used again. */
function isAgent(pid: number): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return command.includes(path.join(ROOT, 'bin', 'rower.cjs')) && command.includes('run');
  } catch {
    return false;
  }
}
