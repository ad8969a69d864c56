import { type Cri, CriError, type ExecResult } from '../cri/port.ts';
import { afterOwnTime, type Env } from '../kubelet/env.ts';
import { goDuration } from '../kubelet/plan/restart.ts';
import { messageOf } from './failures.ts';
import type { Leftovers } from './leftovers.ts';
import type { Answer, ProbeHandler } from './types.ts';

/** What is read of a command's output (pkg/probe/exec). */
const MAX_OUTPUT_BYTES = 10 * 1024;
/** What killing a process takes, beside the probe's own timeout; then somebody else holds its output. */
const FIRST_LOOK_MS = 2_000;
/** A busy machine may have started the process late, so it is looked again, this often and this many times. */
const NEXT_LOOK_MS = 4_000;
const LOOKS = 3;
/** Looks read all of /proc: they are at least this far apart, whoever asks. */
const LOOK_GAP_MS = 500;
/** A runtime that does not answer a plain question this long hangs itself. */
const QUESTION_MS = 5_000;

type ExecCri = Pick<Cri, 'execSync' | 'containerStatus'>;
type Ending = { readonly result: ExecResult } | { readonly error: unknown };

export interface ExecProbeOptions {
  readonly env: Env;
  readonly cri: ExecCri;
  /** Ends what a killed command left; resolves to the number of processes. */
  readonly endLeftovers: (leftovers: Leftovers) => Promise<number>;
}

/**
 * Runs a command in the container; the runtime kills it when its time is over (pkg/probe/exec/exec.go).
 *
 * It kills the first process only, and answers when everybody who inherited the command's output has closed it: the
 * children of a shell would hold on for ever, so they are ended here. Where that cannot be done the probe has failed as
 * well, and no other process is started beside them as long as the runtime waits.
 */
export function execProbe({ env, cri, endLeftovers }: ExecProbeOptions): ProbeHandler {
  /** Commands that outlived their time, by container and command. */
  const hanging = new Set<string>();
  let lookedMs = Number.NEGATIVE_INFINITY;

  async function look(containerId: string, beganMs: number): Promise<void> {
    const nowMs = env.monotonicMs();
    if (nowMs - lookedMs < LOOK_GAP_MS) return;
    lookedMs = nowMs;
    await endLeftovers({ containerId, elapsedMs: nowMs - beganMs }).catch(() => 0);
  }

  return async ({ probe, target, timeoutMs, signal }) => {
    const command = probe.exec?.command ?? [];
    const timedOut: Answer = {
      result: 'failure',
      output: `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${goDuration(timeoutMs)}`,
    };
    const subject = [target.containerId, ...command].join('\0');
    // As long as the runtime hangs itself, nobody knows whose fault it is.
    const verdict = async () => ((await answers(env, cri, target.containerId)) ? timedOut : AWAY);
    if (hanging.has(subject)) return verdict();

    const call = settled(cri.execSync(target.containerId, command, Math.ceil(timeoutMs / 1000), signal));
    const beganMs = env.monotonicMs();
    let ending = await within(env, timeoutMs + FIRST_LOOK_MS, call);
    for (let looks = 0; !ending && looks < LOOKS; looks += 1) {
      await look(target.containerId, beganMs);
      ending = await within(env, NEXT_LOOK_MS, call);
    }
    if (ending) return 'result' in ending ? answerOf(ending.result) : failed(ending.error, timedOut);

    hanging.add(subject);
    void call.then(() => hanging.delete(subject));
    return verdict();
  };
}

const AWAY: Answer = { result: 'error', as: 'unknown', output: 'the container runtime does not answer', away: true };

function settled(call: Promise<ExecResult>): Promise<Ending> {
  return call.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
}

function answerOf({ exitCode, stdout, stderr }: ExecResult): Answer {
  const output = Buffer.concat([stdout, stderr]).subarray(0, MAX_OUTPUT_BYTES).toString('utf8');
  return { result: exitCode === 0 ? 'success' : 'failure', output };
}

function failed(error: unknown, timedOut: Answer): Answer {
  const code = error instanceof CriError ? error.code : 'other';
  if (code === 'deadline') return timedOut;
  const away = code === 'unavailable' || code === 'cancelled';
  return { result: 'error', as: 'unknown', output: messageOf(error), ...(away && { away }) };
}

async function answers(env: Env, cri: ExecCri, containerId: string): Promise<boolean> {
  const asked = cri.containerStatus(containerId).then(
    () => true,
    () => false,
  );
  return (await within(env, QUESTION_MS, asked)) === true;
}

/** Undefined when it takes longer. */
function within<T>(env: Env, limitMs: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = afterOwnTime(env, limitMs, () => resolve(undefined));
    work.then(resolve, reject).finally(cancel);
  });
}
