import { spawn } from 'node:child_process';
import type { Env } from '../env.ts';

export interface ProgramOptions {
  readonly env: Env;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** For its standard input, which is then closed. */
  readonly input?: string | AsyncIterable<Uint8Array>;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes of standard error that an error repeats. */
const MAX_STDERR_BYTES = 2048;

/**
 * Runs a program to its end. Resolves to its standard output when it exits with 0; else rejects with what it said on
 * standard error. Its whole process group is killed at the timeout, when it writes too much, and at the signal.
 */
export async function runProgram(program: string, options: ProgramOptions): Promise<string> {
  const { env, args, environment, input = '', timeoutMs, maxOutputBytes, signal } = options;
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    ...(environment && { env: { ...environment } }),
  });
  // Where there is no descriptor left for a pipe there are no streams, and an error is to come.
  if (!child.stdout) return exitOf(child).then(() => '');
  const chunks: Buffer[] = [];
  let bytes = 0;
  let stderr = Buffer.alloc(0);
  let why: Error | undefined;
  const kill = (error: Error) => {
    why ??= error;
    killGroup(child.pid);
  };
  const cancelTimeout = env.after(timeoutMs, () =>
    kill(new Error(`it did not end within ${Math.round(timeoutMs / 1000)} s`)),
  );
  const aborted = () => kill(new Error('cancelled'));
  signal?.addEventListener('abort', aborted, { once: true });
  if (signal?.aborted) aborted();
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxOutputBytes) kill(new Error(`it wrote more than ${maxOutputBytes} bytes`));
    else chunks.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = Buffer.concat([stderr, chunk]).subarray(-MAX_STDERR_BYTES);
  });
  try {
    const [{ code, name }] = await Promise.all([exitOf(child), feed(child.stdin, input, kill)]);
    if (why) throw why;
    if (code !== 0) throw new Error(`it ended with ${name}${stderr.length > 0 ? `: ${stderr.toString().trim()}` : ''}`);
    return Buffer.concat(chunks).toString();
  } finally {
    cancelTimeout();
    signal?.removeEventListener('abort', aborted);
  }
}

function exitOf(child: ReturnType<typeof spawn>): Promise<{ code: number | null; name: string }> {
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error(`there is no ${child.spawnfile}`) : error),
    );
    child.on('close', (code, signal) => resolve({ code, name: signal ?? `status ${code}` }));
  });
}

/** A program that does not read all of its input is no error by itself: its exit status tells. */
async function feed(
  stdin: NodeJS.WritableStream,
  input: string | AsyncIterable<Uint8Array>,
  kill: (error: Error) => void,
): Promise<void> {
  let closed = false;
  stdin.on('error', () => {
    closed = true;
  });
  stdin.on('close', () => {
    closed = true;
  });
  try {
    for await (const chunk of typeof input === 'string' ? [input] : input) {
      if (closed) return;
      if (!stdin.write(chunk))
        await new Promise<void>((resolve) =>
          stdin
            .once('drain', resolve)
            .once('close', resolve)
            .once('error', () => resolve()),
        );
    }
    stdin.end();
  } catch (error) {
    // What is fed is broken: an end here would look like a whole input.
    kill(error instanceof Error ? error : new Error(String(error)));
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
