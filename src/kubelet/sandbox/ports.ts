import { isIPv6 } from 'node:net';
import type { PortMapping, Protocol } from '../../cri/port.ts';
import type { ContainerPort, Pod } from '../types.ts';

/**
 * Port mappings of the regular containers, in order (pkg/kubelet/container/helpers.go MakePortMappings). Ports without a
 * host port are listed too; the runtime maps nothing for them. Within a container a later duplicate is dropped.
 */
export function portMappings(pod: Pod): PortMapping[] {
  return pod.spec.containers.flatMap((container) => {
    const byKey = new Map<string, PortMapping>();
    for (const port of container.ports ?? []) {
      const key = mappingKey(port);
      if (!byKey.has(key))
        byKey.set(key, {
          protocol: port.protocol as Protocol,
          containerPort: port.containerPort,
          hostPort: port.hostPort ?? 0,
          hostIp: port.hostIP ?? '',
        });
    }
    return [...byKey.values()];
  });
}

function mappingKey(port: ContainerPort): string {
  if (port.name) return port.name;
  const ip = port.hostIP ?? '';
  const family = ip === '' ? 'any' : isIPv6(ip) ? 'v6' : 'v4';
  return `${family}-${port.protocol}-${ip}:${port.containerPort}:${port.hostPort ?? 0}`;
}
