/** Volume mounts and devices (ValidateVolumeMounts, validateMountPropagation, validateMountRecursiveReadOnly). */
import { forbidden, invalid, notFound, type Path, type Problems, required, unsupported } from '../problems.ts';
import { checkDescendingPath, checkNoBacksteps } from './check.ts';
import type { ContainerManifest, PodSpecManifest } from './containers.ts';

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const RECURSIVE_READ_ONLY = ['Disabled', 'Enabled', 'IfPossible'];

type Mount = NonNullable<ContainerManifest['volumeMounts']>[number];

export function checkMounts(container: ContainerManifest, spec: PodSpecManifest, path: Path, problems: Problems): void {
  const volumes = new Set((spec.volumes ?? []).map((volume) => volume.name));
  const devices = container.volumeDevices ?? [];
  const mountPaths = new Set<string>();
  (container.volumeMounts ?? []).forEach((mount, index) => {
    const at = [...path, 'volumeMounts', index];
    if (!mount.name) problems.error([...at, 'name'], required());
    else if (!volumes.has(mount.name)) problems.error([...at, 'name'], notFound(mount.name));
    if (!mount.mountPath) problems.error([...at, 'mountPath'], required());
    else if (mountPaths.has(mount.mountPath)) {
      problems.error([...at, 'mountPath'], invalid(mount.mountPath, 'must be unique'));
    }
    mountPaths.add(mount.mountPath);
    if (mount.name && devices.some((device) => device.name === mount.name)) {
      problems.error([...at, 'name'], invalid(mount.name, 'must not already exist in volumeDevices'));
    }
    if (mount.mountPath && devices.some((device) => device.devicePath === mount.mountPath)) {
      problems.error(
        [...at, 'mountPath'],
        invalid(mount.mountPath, 'must not already exist as a path in volumeDevices'),
      );
    }
    checkSubPath(mount, at, problems);
    checkPropagation(mount, container, [...at, 'mountPropagation'], problems);
    checkRecursiveReadOnly(mount, [...at, 'recursiveReadOnly'], problems);
  });
  checkDevices(container, path, problems);
}

function checkSubPath(mount: Mount, path: Path, problems: Problems): void {
  if (mount.subPath) checkDescendingPath(mount.subPath, [...path, 'subPath'], problems);
  if (!mount.subPathExpr) return;
  if (mount.subPath) {
    problems.error(
      [...path, 'subPathExpr'],
      invalid(mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'),
    );
  }
  checkDescendingPath(mount.subPathExpr, [...path, 'subPathExpr'], problems);
}

function checkPropagation(mount: Mount, container: ContainerManifest, path: Path, problems: Problems): void {
  const { mountPropagation } = mount;
  if (mountPropagation === undefined) return;
  if (!PROPAGATIONS.includes(mountPropagation)) problems.error(path, unsupported(mountPropagation, PROPAGATIONS));
  if (mountPropagation === 'Bidirectional' && container.securityContext?.privileged !== true) {
    problems.error(path, forbidden('Bidirectional mount propagation is available only to privileged containers'));
  }
}

function checkRecursiveReadOnly(mount: Mount, path: Path, problems: Problems): void {
  const { recursiveReadOnly, mountPropagation } = mount;
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return;
  if (!RECURSIVE_READ_ONLY.includes(recursiveReadOnly)) {
    problems.error(path, unsupported(recursiveReadOnly, RECURSIVE_READ_ONLY));
    return;
  }
  if (!mount.readOnly) problems.error(path, forbidden('may only be specified when readOnly is true'));
  if (mountPropagation !== undefined && mountPropagation !== 'None') {
    problems.error(path, forbidden('may only be specified when mountPropagation is None or not specified'));
  }
}

function checkDevices(container: ContainerManifest, path: Path, problems: Problems): void {
  (container.volumeDevices ?? []).forEach((device, index) => {
    const at = [...path, 'volumeDevices', index];
    if (!device.name) problems.error([...at, 'name'], required());
    if (!device.devicePath) problems.error([...at, 'devicePath'], required());
    else checkNoBacksteps(device.devicePath, [...at, 'devicePath'], problems);
  });
}
