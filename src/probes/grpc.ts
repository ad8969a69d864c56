import { status } from '@grpc/grpc-js';
import { afterOwnTime, type Env } from '../kubelet/env.ts';
import { goDuration } from '../kubelet/plan/restart.ts';
import { hostPort, NO_ADDRESS, podHost, probePort, STOPPED } from './address.ts';
import { dialText, messageOf } from './failures.ts';
import { type HealthAnswer, type HealthCheck, healthCall, loadHealthCheck } from './grpc-call.ts';
import type { Answer, ProbeHandler } from './types.ts';

/** A server may come up within the timeout; it is tried again this often. */
const RECONNECT_MS = 100;

/**
 * One health check on a connection of its own (pkg/probe/grpc/grpc.go, grpc/grpc doc/health-checking.md). As in the
 * kubelet, a connection that is refused is tried again until the time is over.
 */
export function grpcProbe({ env }: { env: Env }): ProbeHandler {
  /** Loaded when the first such probe comes. */
  let loaded: HealthCheck | undefined;
  return async ({ probe, target, timeoutMs, signal }) => {
    const host = podHost(target);
    if (host === undefined) return NO_ADDRESS;
    let port: number;
    try {
      port = probePort(target.container, probe.grpc?.port);
    } catch (error) {
      return { result: 'error', as: 'unknown', output: messageOf(error) };
    }
    loaded ??= loadHealthCheck();
    const request = { host, port, service: probe.grpc?.service ?? '', check: loaded };
    const limit = goDuration(timeoutMs);
    return new Promise((resolve) => {
      let call: ReturnType<typeof healthCall> | undefined;
      let cancelRetry = () => {};
      const end = (answer: Answer) => {
        cancel();
        cancelRetry();
        signal.removeEventListener('abort', stop);
        call?.cancel();
        resolve(answer);
      };
      const stop = () => end(STOPPED);
      const late = () => {
        const text = call?.connected()
          ? `timeout: health rpc did not complete within ${limit}`
          : `timeout: failed to connect service ${JSON.stringify(hostPort(host, port))} within ${limit}: context deadline exceeded`;
        end({ result: 'failure', output: text });
      };
      const dial = () => {
        call = healthCall(request, (answer) => {
          if (answer instanceof Error)
            return end({ result: 'error', as: 'unknown', output: dialText(answer, host, port) });
          if (answer !== 'no connection') return end(answerOf(answer));
          cancelRetry = env.after(RECONNECT_MS, dial);
        });
      };
      const cancel = afterOwnTime(env, timeoutMs, late);
      signal.addEventListener('abort', stop, { once: true });
      dial();
    });
  };
}

function answerOf({ code, text }: HealthAnswer): Answer {
  if (code === status.UNIMPLEMENTED) {
    const output = `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${text}`;
    return { result: 'failure', output };
  }
  if (code !== status.OK) {
    return {
      result: 'failure',
      output: `error: health rpc probe failed: rpc error: code = ${codeName(code)} desc = ${text}`,
    };
  }
  if (text === 'SERVING') return { result: 'success', output: 'service healthy' };
  return { result: 'failure', output: `service unhealthy (responded with ${JSON.stringify(text)})` };
}

/** `NOT_FOUND` as Go writes it: NotFound. */
function codeName(code: number): string {
  const name = status[code] ?? `CODE(${code})`;
  return name.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
