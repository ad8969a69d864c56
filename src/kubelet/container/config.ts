import type { ContainerConfig, Image } from '../../cri/port.ts';
import type { Documents } from '../documents.ts';
import type { PreparedPod } from '../host.ts';
import { containerHash } from '../identity.ts';
import { containerAnnotations, containerLabels } from '../labels.ts';
import type { Node } from '../node.ts';
import { containerLogPath } from '../sandbox/paths.ts';
import type { Container, Revision } from '../types.ts';
import { containerEnv, type EnvFile, expandAll } from './env.ts';
import { containerMounts } from './mounts.ts';
import { containerResources } from './resources.ts';
import { containerSecurity } from './security.ts';

export interface ConfigInput {
  revision: Revision;
  container: Container;
  attempt: number;
  restartCount: number;
  backOffMs: number;
  /** The Pod's round of restarts as a whole, see plan/epoch.ts. */
  epoch: number;
  /** The image as the runtime resolved it: id or digest reference. */
  imageRef: string;
  /** For its user; without it a container that must not be root is refused. */
  image?: Image;
  node: Node;
  /** Of the sandbox; empty on the host network. */
  podIps: readonly string[];
  hostIps: readonly string[];
  prepared: PreparedPod;
  /** On the host. */
  terminationLogPath: string;
  /** ConfigMaps and Secrets for the environment; absent: there are none. */
  documents?: Documents;
  /** See `EnvInput`. */
  envFiles?: ReadonlyMap<string, EnvFile>;
  /** See `MountsInput`. */
  subPaths?: ReadonlyMap<number, string>;
  /** The runtime supports recursive read-only mounts. */
  recursiveReadOnly?: boolean;
}

/**
 * What CreateContainer is asked (pkg/kubelet/kuberuntime/kuberuntime_container.go). Throws ConfigError with a message
 * for `CreateContainerConfigError`.
 */
export function containerConfig(input: ConfigInput): ContainerConfig {
  const { revision, container, attempt, restartCount, backOffMs, epoch, image, node } = input;
  const { pod } = revision;
  const env = containerEnv({ ...input, pod });
  const stopSignal = container.lifecycle?.stopSignal;
  return {
    metadata: { name: container.name, attempt },
    image: { image: input.imageRef, userSpecifiedImage: container.image },
    command: expandAll(container.command, env, 'command'),
    args: expandAll(container.args, env, 'args'),
    workingDir: container.workingDir ?? '',
    envs: [...env].map(([key, value]) => ({ key, value })),
    mounts: containerMounts({ ...input, pod, recursiveReadOnly: input.recursiveReadOnly ?? false }),
    labels: containerLabels(pod, container.name, node.rootDir),
    annotations: containerAnnotations(pod, container, {
      restartCount,
      backOffMs,
      epoch,
      hash: containerHash(container),
    }),
    logPath: containerLogPath(container.name, attempt),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: {
      resources: containerResources(pod, container, node),
      securityContext: containerSecurity(pod, container, node, image, input.prepared.userNamespace),
    },
    ...(stopSignal && { stopSignal: criSignal(stopSignal) }),
  };
}

/** CRI spells real-time signals without operators: `SIGRTMIN+1` is `SIGRTMINPLUS1`. */
const criSignal = (name: string) => name.replace('+', 'PLUS').replace('-', 'MINUS');
