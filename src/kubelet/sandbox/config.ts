import type { PodSandboxConfig } from '../../cri/port.ts';
import { sandboxAnnotations, sandboxLabels } from '../labels.ts';
import { dotted } from '../manifest/rules/sysctls.ts';
import type { Node, ResolvConf } from '../node.ts';
import type { Revision } from '../types.ts';
import { podCgroupParent } from './cgroups.ts';
import { podDns } from './dns.ts';
import { sandboxHostname } from './hostname.ts';
import { podLogDirectory } from './paths.ts';
import { portMappings } from './ports.ts';
import { overheadResources, sandboxResources } from './resources.ts';
import { sandboxSecurity } from './security.ts';
import type { UserNamespace } from './user-namespace.ts';

/**
 * What RunPodSandbox is asked (pkg/kubelet/kuberuntime/kuberuntime_sandbox.go). Throws ConfigError. The same input
 * gives the same request, so that CreateContainer can repeat it. Events of the DNS settings: `podDns`.
 */
export function sandboxConfig(input: {
  revision: Revision;
  attempt: number;
  startTimeMs: number;
  node: Node;
  resolvConf: ResolvConf;
  /** With `hostUsers: false`. */
  userNamespace?: UserNamespace | undefined;
}): PodSandboxConfig {
  const { revision, attempt, startTimeMs, node, resolvConf, userNamespace } = input;
  const { pod } = revision;
  const { name, namespace, uid } = pod.metadata;
  const sysctls = pod.spec.securityContext?.sysctls ?? [];
  return {
    metadata: { name, namespace, uid, attempt },
    hostname: sandboxHostname(pod, node),
    logDirectory: podLogDirectory(node.podLogsDir, pod.metadata),
    dnsConfig: podDns(pod, node, resolvConf).config,
    portMappings: portMappings(pod),
    labels: sandboxLabels(pod, node.rootDir),
    annotations: sandboxAnnotations(revision, startTimeMs),
    linux: {
      cgroupParent: podCgroupParent(pod, node),
      securityContext: sandboxSecurity(pod, userNamespace),
      sysctls: Object.fromEntries(sysctls.map((sysctl) => [dotted(sysctl.name), sysctl.value])),
      overhead: overheadResources(pod, node),
      resources: sandboxResources(pod, node),
    },
  };
}
