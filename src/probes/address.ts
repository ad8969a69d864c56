import { isIPv6 } from 'node:net';
import type { ProbeTarget } from '../kubelet/prober.ts';
import type { Container } from '../kubelet/types.ts';
import type { Answer } from './types.ts';

/** What a probe says that does not know where to go yet, or was cut off. */
export const NO_ADDRESS: Answer = { result: 'error', as: 'unknown', output: 'the Pod has no address yet', away: true };
export const STOPPED: Answer = { result: 'error', as: 'unknown', output: 'the probe was stopped', away: true };

/**
 * Where a probe without `host` goes. A kubelet without an API server knows no address of a host-network Pod and dials
 * the empty host, which Go takes for this machine. Undefined: the Pod's address is not known yet.
 */
export function podHost({ pod, podIp }: ProbeTarget): string | undefined {
  return pod.spec.hostNetwork ? '127.0.0.1' : podIp;
}

/** A port by number, by name among the container's ports, or by digits (pkg/probe/util.go). Throws when there is none. */
export function probePort(container: Container, port: number | string | undefined): number {
  const named =
    typeof port === 'string' ? container.ports?.find((each) => each.name === port)?.containerPort : undefined;
  const number = named ?? (/^\d+$/.test(String(port)) ? Number(port) : Number.NaN);
  if (Number.isNaN(number)) throw new Error(`port "${port}" is not among the ports of container "${container.name}"`);
  if (number < 1 || number > 65_535) throw new Error(`invalid port number: ${port}`);
  return number;
}

/** `10.0.0.2:80`, `[fd00::2]:80`. */
export function hostPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
