/** Container ports and host ports (validateContainerPorts, checkHostPortConflicts, validatePodHostNetworkDeps). */
import { ipAddress, portName, portNumber } from '../names.ts';
import { duplicate, invalid, type Path, type Problems, required, unsupported } from '../problems.ts';
import { checkForm } from './check.ts';
import type { ContainerManifest, PodSpecManifest } from './containers.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export function checkPorts(container: ContainerManifest, spec: PodSpecManifest, path: Path, problems: Problems): void {
  const names = new Set<string>();
  (container.ports ?? []).forEach((port, index) => {
    const at = [...path, 'ports', index];
    const { name, containerPort, hostPort } = port;
    checkForm(name, portName, [...at, 'name'], problems);
    if (name && names.has(name)) problems.error([...at, 'name'], duplicate(name));
    if (name) names.add(name);
    if (!containerPort) problems.error([...at, 'containerPort'], required());
    else
      for (const detail of portNumber(containerPort))
        problems.error([...at, 'containerPort'], invalid(containerPort, detail));
    if (hostPort)
      for (const detail of portNumber(hostPort)) problems.error([...at, 'hostPort'], invalid(hostPort, detail));
    if (spec.hostNetwork && hostPort && hostPort !== containerPort) {
      problems.error([...at, 'hostPort'], invalid(hostPort, 'must match `containerPort` when `hostNetwork` is true'));
    }
    if (port.protocol && !PROTOCOLS.includes(port.protocol)) {
      problems.error([...at, 'protocol'], unsupported(port.protocol, PROTOCOLS));
    }
    // Kubernetes leaves this to the runtime, which then fails every start of the sandbox.
    checkForm(port.hostIP, ipAddress, [...at, 'hostIP'], problems);
  });
}

/** The same protocol, address and host port twice in one Pod. Init containers are checked one by one: they do not overlap. */
export function checkHostPortConflicts(
  containers: readonly ContainerManifest[],
  path: Path,
  problems: Problems,
  firstIndex = 0,
): void {
  const taken = new Set<string>();
  containers.forEach((container, index) => {
    (container.ports ?? []).forEach((port, portIndex) => {
      if (!port.hostPort) return;
      const key = `${port.protocol ?? 'TCP'}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(key)) problems.error([...path, firstIndex + index, 'ports', portIndex, 'hostPort'], duplicate(key));
      taken.add(key);
    });
  });
}
