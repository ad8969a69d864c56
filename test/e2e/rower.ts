/** The command line as a person uses it, on the agent under test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Agent, ROWER } from './agent.ts';

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `rower COMMAND … --server URL` to its end. */
export async function rower(agent: Pick<Agent, 'url'>, ...args: string[]): Promise<Outcome> {
  const running = startRower(agent, ...args);
  const status = await running.ended;
  return { status, stdout: running.stdout(), stderr: running.stderr() };
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  stdout(): string;
  stderr(): string;
}

export function startRower({ url }: Pick<Agent, 'url'>, ...args: string[]): Running {
  const child = spawn(ROWER, [...args, '--server', url], { stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  return {
    child,
    ended: new Promise((resolve) => child.on('close', (status) => resolve(status))),
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
  };
}
