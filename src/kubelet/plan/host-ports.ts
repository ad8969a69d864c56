import type { Pod } from '../types.ts';

export interface HostPort {
  readonly protocol: string;
  /** Empty: every address. */
  readonly ip: string;
  readonly port: number;
}

/** Host ports of regular containers; with hostNetwork every container port is one (defaulting made them equal). */
export function hostPorts(pod: Pod): HostPort[] {
  return pod.spec.containers.flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => port.hostPort)
      .map((port) => ({ protocol: port.protocol, ip: anyAddress(port.hostIP), port: port.hostPort as number })),
  );
}

const anyAddress = (ip: string | undefined) => (!ip || ip === '0.0.0.0' || ip === '::' ? '' : ip);

/** The same protocol and port on addresses that overlap (scheduler framework types.go HostPortInfo.CheckConflict). */
export function conflict(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '' || b.ip === '');
}
