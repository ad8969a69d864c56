import type { ContainerConfig } from '../cri/port.ts';
import { type ConfigInput, containerConfig } from './container/config.ts';
import { subPathsOf } from './container/sub-paths.ts';
import type { Documents } from './documents.ts';
import type { Host, PreparedPod } from './host.ts';
import { together } from './limits.ts';
import type { Node } from './node.ts';
import type { Notes } from './notes.ts';
import { withDefaultTag } from './plan/images.ts';
import type { Action } from './plan/types.ts';
import type { RuntimeFeatures } from './runtime-features.ts';
import { ConfigError } from './sandbox/config-error.ts';
import { runtimeHandler } from './sandbox/runtime-class.ts';
import type { Container } from './types.ts';

interface Parts {
  host: Host;
  notes: Notes;
  node: Node;
  features: () => RuntimeFeatures;
}

interface Wanted {
  action: Extract<Action, { kind: 'create-container' }>;
  container: Container;
  /** Of the sandbox. */
  podIps: readonly string[];
  prepared: PreparedPod;
  documents: Documents;
}

/**
 * Everything on the machine that a container needs, and what CreateContainer is asked. Throws ConfigError and HostError
 * with messages for `CreateContainerConfigError`.
 */
export async function composeContainer(parts: Parts, wanted: Wanted): Promise<ContainerConfig> {
  const { host, node, notes, features } = parts;
  const { action, container, documents } = wanted;
  const { revision, attempt } = action;
  const { pod } = revision;
  const podIps = pod.spec.hostNetwork ? node.ips : wanted.podIps;
  const image = notes.image(withDefaultTag(container.image));
  const [, terminationLogPath] = await together([
    host.writeHosts(pod, podIps),
    host.prepareContainer(pod, container, attempt),
  ]);
  const prepared = withImages(wanted.prepared, container, parts);
  const input: ConfigInput = {
    revision,
    container,
    attempt,
    restartCount: action.restartCount,
    backOffMs: action.backOffMs,
    epoch: action.epoch,
    imageRef: image?.id ?? container.image,
    ...(image && { image }),
    node,
    podIps,
    hostIps: node.ips,
    prepared,
    terminationLogPath,
    documents,
    envFiles: await host.readEnvFiles(container, prepared),
    recursiveReadOnly: features().handler(runtimeHandler(pod, node)).recursiveReadOnly,
  };
  const subPaths = await host.bindSubPaths(pod, container, prepared, subPathsOf(container, { ...input, pod }));
  return containerConfig({ ...input, subPaths });
}

/** Volumes of images by what the runtime calls them. */
function withImages(prepared: PreparedPod, container: Container, { notes, features }: Parts): PreparedPod {
  const volumes = new Map(prepared.volumes);
  for (const { name } of container.volumeMounts ?? []) {
    const volume = volumes.get(name);
    if (!volume?.image) continue;
    const { imageVolumes, runtime } = features();
    if (!imageVolumes)
      throw new ConfigError(
        `volume "${name}" is an image, and ${runtime} cannot mount images: containerd 2.1 or CRI-O 1.31 is needed`,
      );
    const { reference } = volume.image;
    const ref = notes.image(withDefaultTag(reference))?.id ?? reference;
    volumes.set(name, { ...volume, image: { reference, ref } });
  }
  return { ...prepared, volumes };
}
