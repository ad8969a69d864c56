/**
 * `gce-container-declaration`, what `gcloud compute instances create-with-container` and Terraform's container-vm module
 * write: → a Pod. The form is that of konlet's types.go; what konlet did with it is kept: the host's network, no ports.
 */
import { at, isRecord, type Json, listAt, textAt } from './record.ts';
import { Refusal } from './types.ts';

export interface DeclaredPod {
  pod: Json;
  warnings: string[];
}

/** Words of Terraform's module and of Docker that konlet refused. */
const RESTART_POLICIES: Readonly<Record<string, string>> = {
  Always: 'Always',
  OnFailure: 'OnFailure',
  Never: 'Never',
  UnlessStopped: 'Always',
  No: 'Never',
};
const SOURCE_LABEL = 'rower.dev/source';

/** A mapping with containers in its spec that is no Kubernetes object. */
export function isDeclaration(value: unknown): value is Json {
  return (
    isRecord(value) &&
    value.apiVersion === undefined &&
    value.kind === undefined &&
    Array.isArray(at(value, 'spec', 'containers'))
  );
}

/** Fields it does not know are ignored, as konlet ignored them. Throws Refusal. */
export function podOfDeclaration(declaration: Json): DeclaredPod {
  const warnings: string[] = [];
  const containers = listAt(declaration, 'spec', 'containers').filter(isRecord);
  const first = containers[0];
  if (!first) throw new Refusal('the gce-container-declaration has no container');
  const spec: Json = {
    hostNetwork: true,
    restartPolicy: restartPolicy(declaration, warnings),
    containers: containers.map((container, index) => containerOf(container, index)),
  };
  const volumes = listAt(declaration, 'spec', 'volumes').filter(isRecord).map(volumeOf);
  if (volumes.length > 0) spec.volumes = volumes;
  const metadata = { name: podName(first), labels: { [SOURCE_LABEL]: 'gce-container-declaration' } };
  return { pod: { apiVersion: 'v1', kind: 'Pod', metadata, spec }, warnings };
}

function restartPolicy(declaration: Json, warnings: string[]): string {
  const given = textAt(declaration, 'spec', 'restartPolicy');
  // YAML 1.1 reads an unquoted No as false.
  const word = given === 'false' ? 'No' : given;
  if (word === undefined) return 'Always';
  const known = Object.hasOwn(RESTART_POLICIES, word) ? RESTART_POLICIES[word] : undefined;
  if (known === undefined)
    throw new Refusal(
      `spec.restartPolicy ${JSON.stringify(word)} is none of ${Object.keys(RESTART_POLICIES).join(', ')}`,
    );
  if (known !== word) warnings.push(`spec.restartPolicy ${word} is taken as ${known}`);
  return known;
}

/** konlet accepted any name and most declarations have a generated one; a Pod's must be a DNS label. */
function podName(container: Json): string {
  const name = (textAt(container, 'name') ?? '').toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  return name.slice(0, 40).replace(/^-+|-+$/g, '') || 'container';
}

function containerOf(container: Json, index: number): Json {
  const { image, command, args, env, volumeMounts, securityContext } = container;
  const result: Json = { name: index === 0 ? podName(container) : (textAt(container, 'name') ?? `container-${index}`) };
  if (image !== undefined) result.image = image;
  // The declaration's `command` and `args` mean what a Pod's do.
  for (const [field, list] of Object.entries({ command, args })) {
    if (Array.isArray(list) && list.length > 0) result[field] = list.map(String);
  }
  if (Array.isArray(env))
    result.env = env.filter(isRecord).map((one) => ({ name: one.name, value: scalarText(one.value) }));
  if (Array.isArray(volumeMounts)) {
    result.volumeMounts = volumeMounts.filter(isRecord).map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly === true && { readOnly: true }),
    }));
  }
  if (isRecord(securityContext) && securityContext.privileged === true) result.securityContext = { privileged: true };
  for (const field of ['stdin', 'tty']) if (container[field] === true) result[field] = true;
  // konlet pulled at each start.
  result.imagePullPolicy = 'Always';
  return result;
}

function scalarText(value: unknown): string {
  return value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function volumeOf(volume: Json, index: number): Json {
  const { name, emptyDir, hostPath, gcePersistentDisk } = volume;
  const sources = Object.entries({ emptyDir, hostPath, gcePersistentDisk }).filter(
    ([, source]) => source !== undefined,
  );
  const place = `spec.volumes[${index}]`;
  if (sources.length !== 1)
    throw new Refusal(`${place} must have exactly one of emptyDir, hostPath, gcePersistentDisk`);
  if (gcePersistentDisk !== undefined) {
    throw new Refusal(
      `${place} is a gcePersistentDisk, which Rower does not format or mount: mount it on the host, for example from /etc/fstab, and use hostPath`,
    );
  }
  if (emptyDir !== undefined) {
    const medium = textAt(emptyDir, 'medium');
    return { name, emptyDir: medium === undefined ? {} : { medium } };
  }
  // konlet gave the path to Docker, which makes what is missing.
  return { name, hostPath: { path: textAt(hostPath, 'path') ?? '', type: 'DirectoryOrCreate' } };
}
