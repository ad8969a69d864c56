/**
 * What a container does, read from its own command: a tiny piece of shell, so that one manifest means the same to the
 * fake runtime and to a real one. Understood are `sleep N`, `/bin/true`, `/bin/false`, and `sh -c SCRIPT` where SCRIPT is
 * statements joined by `;`:
 *
 *   sleep N | exit N | while :; do sleep 0.1; done | trap "<statements>" TERM
 *
 * As for every first process of a pid namespace, SIGTERM without a trap is ignored. A busy shell sees the signal when its
 * current `sleep` ends, so traps belong with a loop of short sleeps. A command that is none of these (a server) runs for
 * ever and ends at once with 143 − as if it had a handler; one under `/missing` cannot be started.
 */
import type { Cancel } from '../../src/kubelet/env.ts';
import type { Clock } from './env.ts';

export interface Workload {
  /** How long it runs by itself; Infinity for a server. */
  readonly runMs: number;
  readonly exitCode: number;
  /** What SIGTERM does: after how long it ends, with which code. Absent: ignored. */
  readonly onTerm?: { readonly afterMs: number; readonly exitCode: number };
  /** Why it cannot be started at all. */
  readonly startError?: string;
}

interface Steps {
  runMs: number;
  exitCode: number;
}

const LOOP = 'while :; do sleep 0.1; done';
const LOOP_STEP_MS = 100;

export function workloadOf(command: readonly string[]): Workload {
  const [program = '', ...args] = command;
  if (program.startsWith('/missing')) {
    return { runMs: 0, exitCode: 128, startError: notFound(program) };
  }
  const name = program.slice(program.lastIndexOf('/') + 1);
  if (name === 'true') return { runMs: 0, exitCode: 0 };
  if (name === 'false') return { runMs: 0, exitCode: 1 };
  if (name === 'sleep') return { runMs: seconds(args[0]), exitCode: 0 };
  if (name === 'sh' && args[0] === '-c') return scriptWorkload(args[1] ?? '');
  return { runMs: Infinity, exitCode: 0, onTerm: { afterMs: 20, exitCode: 143 } };
}

function notFound(program: string): string {
  return (
    'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ' +
    `unable to start container process: exec: "${program}": stat ${program}: no such file or directory: unknown`
  );
}

function scriptWorkload(script: string): Workload {
  const trap = /trap "([^"]*)" TERM;?/.exec(script);
  const main = steps(script.replace(/trap "[^"]*" TERM;?/, ''));
  if (!trap) return main;
  const handler = steps(trap[1] ?? '');
  // A trap that does not exit goes back to the loop: the signal is ignored.
  if (!/exit/.test(trap[1] ?? '')) return main;
  return { ...main, onTerm: { afterMs: handler.runMs + LOOP_STEP_MS / 2, exitCode: handler.exitCode } };
}

function steps(script: string): Steps {
  const result: Steps = { runMs: 0, exitCode: 0 };
  for (const statement of script.replace(LOOP, 'forever').split(';')) {
    const [word, argument] = statement.trim().split(/\s+/);
    if (word === 'forever') result.runMs = Infinity;
    else if (word === 'sleep') result.runMs += seconds(argument);
    else if (word === 'exit') {
      result.exitCode = Number(argument ?? 0);
      break;
    } else if (word) throw new Error(`the fake runtime does not know the shell statement "${statement.trim()}"`);
  }
  return result;
}

function seconds(text: string | undefined): number {
  return text === 'infinity' ? Infinity : Number(text) * 1000;
}

/** A running process: ends by itself, by a signal, or when the test says so; exactly once. */
export class Process {
  readonly #clock: Clock;
  readonly #workload: Workload;
  readonly #onExit: (exitCode: number, reason: string) => void;
  #timer: Cancel = () => {};
  #ended = false;

  constructor(clock: Clock, workload: Workload, onExit: (exitCode: number, reason: string) => void) {
    this.#clock = clock;
    this.#workload = workload;
    this.#onExit = onExit;
    if (workload.runMs !== Infinity) this.#timer = clock.after(workload.runMs, () => this.exit(workload.exitCode));
  }

  get running(): boolean {
    return !this.#ended;
  }

  terminate(): void {
    const { onTerm } = this.#workload;
    if (this.#ended || !onTerm) return;
    const previous = this.#timer;
    this.#timer = this.#clock.after(onTerm.afterMs, () => this.exit(onTerm.exitCode));
    previous();
  }

  /** `reason`: what the runtime says of it when it is not plain (`OOMKilled`). */
  exit(exitCode: number, reason = ''): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer();
    this.#onExit(exitCode, reason);
  }
}
