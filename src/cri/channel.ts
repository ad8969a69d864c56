/** One gRPC channel to a runtime's socket, and one unary call on it. */
import { Client, credentials, Metadata, type MethodDefinition } from '@grpc/grpc-js';
import { afterOwnTime, type Env } from '../kubelet/env.ts';
import { toCriError } from './errors.ts';
import { CriError } from './port.ts';

const messageLimitBytes = 64 * 1024 * 1024;

/** Opens nothing yet: the connection is made by the first call. `endpoint` is `unix:///path`. */
export function createChannel(endpoint: string): Client {
  return new Client(endpoint, credentials.createInsecure(), {
    // A list of many Pods with large annotations passes the default of 4 MiB.
    'grpc.max_receive_message_length': messageLimitBytes,
    'grpc.max_send_message_length': messageLimitBytes,
    // The defaults wait seconds after the runtime is back.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    // Go servers hang up on a client that pings more often than every 5 minutes (keepalive.EnforcementPolicy.MinTime).
    'grpc.keepalive_time_ms': 330_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // Nothing is tried twice behind our back: after an error the caller looks again.
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_http_proxy': 0,
    // A channel of our own, so that closing and counting concern nobody else.
    'grpc.use_local_subchannel_pool': 1,
  });
}

export interface UnaryOptions {
  env: Env;
  /** The CRI method's name, for errors. */
  call: string;
  /** No deadline when undefined. */
  deadlineMs: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Calls and resolves with the decoded answer; rejects with `CriError` only. At the deadline, and when `signal` aborts,
 * the call is cancelled, which ends it on the server too. The deadline is a timer of `env` and not one of gRPC's, so that
 * a simulation owns it.
 */
export function unary<Answer>(
  channel: Client,
  method: MethodDefinition<object, unknown>,
  request: object,
  { env, call, deadlineMs, signal }: UnaryOptions,
): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(call, signal));
    let own: CriError | undefined;
    const cancelWith = (error: CriError) => {
      own ??= error;
      running?.cancel();
    };
    const onAbort = () => cancelWith(aborted(call, signal));
    let stopTimer = () => {};
    const settle = (error: unknown, answer: unknown) => {
      stopTimer();
      signal?.removeEventListener('abort', onAbort);
      if (error) reject(own ?? toCriError(call, error));
      else resolve(answer as Answer);
    };
    let running: { cancel(): void } | undefined;
    try {
      running = channel.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        new Metadata(),
        {},
        settle,
      );
    } catch (error) {
      // Thrown when the channel was closed, or when a message does not fit its type.
      return settle(error, undefined);
    }
    if (deadlineMs !== undefined) {
      const late = () =>
        cancelWith(new CriError('deadline', call, `no answer from the runtime after ${deadlineMs / 1000} s`));
      stopTimer = afterOwnTime(env, deadlineMs, late);
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function aborted(call: string, signal: AbortSignal | undefined): CriError {
  return new CriError('cancelled', call, 'the call was aborted', { cause: signal?.reason });
}
