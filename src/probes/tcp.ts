import { connect, type LookupFunction } from 'node:net';
import { afterOwnTime, type Env } from '../kubelet/env.ts';
import { NO_ADDRESS, podHost, probePort, STOPPED } from './address.ts';
import { dialText, dialTimeoutText, isOwnShortage, messageOf } from './failures.ts';
import type { Answer, ProbeHandler } from './types.ts';

/** Opens a connection and closes it (pkg/probe/tcp/tcp.go). */
export function tcpProbe({ env, lookup }: { env: Env; lookup: LookupFunction }): ProbeHandler {
  return async ({ probe, target, timeoutMs, signal }) => {
    const host = probe.tcpSocket?.host || podHost(target);
    if (host === undefined) return NO_ADDRESS;
    let port: number;
    try {
      port = probePort(target.container, probe.tcpSocket?.port);
    } catch (error) {
      return { result: 'error', as: 'unknown', output: messageOf(error) };
    }
    return new Promise((resolve) => {
      const socket = connect({ host, port, lookup });
      const end = (answer: Answer) => {
        cancel();
        signal.removeEventListener('abort', stop);
        socket.destroy();
        resolve(answer);
      };
      const stop = () => end(STOPPED);
      const cancel = afterOwnTime(env, timeoutMs, () =>
        end({ result: 'failure', output: dialTimeoutText(host, port) }),
      );
      signal.addEventListener('abort', stop, { once: true });
      socket.once('connect', () => end({ result: 'success', output: '' }));
      socket.on('error', (error) => {
        const output = dialText(error, host, port);
        end(isOwnShortage(error) ? { result: 'error', as: 'unknown', output } : { result: 'failure', output });
      });
    });
  };
}
