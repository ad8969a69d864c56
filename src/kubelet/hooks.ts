import type { Cri } from '../cri/port.ts';
import { type Env, sleep } from './env.ts';
import type { RecordEvent } from './events.ts';
import { hookRequest } from './hook-request.ts';
import type { Container, LifecycleHandler, Pod } from './types.ts';

/** Of what a command wrote, for the log. */
const MAX_OUTPUT_BYTES = 10 * 1024;

export interface Hook {
  readonly hook: 'postStart' | 'preStop';
  readonly containerId: string;
  readonly pod: Pod;
  readonly container: Container;
  readonly handler: LifecycleHandler;
  /** Address of the Pod, for `httpGet` without a host. */
  readonly podIp: string | undefined;
  /** Absent: as long as it takes. */
  readonly timeoutMs?: number;
}

/** Runs one lifecycle hook to its end. Rejects when it failed or ran out of time. */
export type RunHook = (hook: Hook) => Promise<void>;

export interface HookOptions {
  readonly env: Env;
  readonly cri: Cri;
  readonly record: RecordEvent;
}

/** Hooks for real (pkg/kubelet/lifecycle/handlers.go): any HTTP answer is a success, only the exit code of `exec` counts. */
export function realHooks(options: HookOptions): RunHook {
  return async (hook) => {
    const { timeoutMs } = hook;
    const stop = new AbortController();
    const cancel = timeoutMs === undefined ? () => {} : options.env.after(timeoutMs, () => stop.abort());
    const late = () =>
      new Error(`the ${hook.hook} hook did not end within its ${Math.round((timeoutMs ?? 0) / 1000)} s`);
    try {
      await run(hook, options, stop.signal);
      if (stop.signal.aborted) throw late();
    } catch (error) {
      throw stop.signal.aborted ? late() : error;
    } finally {
      cancel();
    }
  };
}

async function run(hook: Hook, { env, cri, record }: HookOptions, signal: AbortSignal): Promise<void> {
  const { exec, httpGet, sleep: pause, tcpSocket } = hook.handler;
  if (exec) await execute(hook, exec.command ?? [], cri, signal);
  else if (pause) await sleep(env, pause.seconds * 1000, signal);
  else if (httpGet) {
    const { namespace, name, uid } = hook.pod.metadata;
    await hookRequest({
      action: httpGet,
      container: hook.container,
      podHost: hook.podIp ?? '127.0.0.1',
      signal,
      onFallback: (place) =>
        record(
          { kind: 'Pod', namespace, name, uid },
          'Warning',
          'LifecycleHTTPFallback',
          `request to HTTPS lifecycle hook ${place} got HTTP response, retry with HTTP succeeded`,
        ),
    });
  } else throw new Error(`Cannot run handler: invalid handler: ${tcpSocket ? 'tcpSocket' : 'none'}`);
}

async function execute(hook: Hook, command: string[], cri: Cri, signal: AbortSignal): Promise<void> {
  const timeoutSeconds = hook.timeoutMs === undefined ? 0 : Math.max(1, Math.ceil(hook.timeoutMs / 1000));
  const { exitCode, stdout, stderr } = await cri.execSync(hook.containerId, command, timeoutSeconds, signal);
  if (exitCode === 0) return;
  const output = Buffer.concat([stdout, stderr]).subarray(0, MAX_OUTPUT_BYTES);
  throw new Error(`command ${JSON.stringify(command)} exited with ${exitCode}: ${output}`);
}
