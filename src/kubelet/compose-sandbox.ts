import type { PodSandboxConfig } from '../cri/port.ts';
import type { PreparedPod } from './host.ts';
import type { Node, ResolvConf } from './node.ts';
import type { RuntimeFeatures } from './runtime-features.ts';
import { sandboxConfig } from './sandbox/config.ts';
import { podDns } from './sandbox/dns.ts';
import { runtimeHandler } from './sandbox/runtime-class.ts';
import { checkGroupsPolicy } from './sandbox/security.ts';
import { checkUserNamespace } from './sandbox/user-namespace.ts';
import type { Revision } from './types.ts';

interface Parts {
  node: Node;
  resolvConf: () => Promise<ResolvConf>;
  features: () => RuntimeFeatures;
}

interface Wanted {
  revision: Revision;
  attempt: number;
  startTimeMs: number;
  /** Undefined: a sandbox that needs nothing of the machine. */
  prepared: PreparedPod | undefined;
}

export interface ComposedSandbox {
  config: PodSandboxConfig;
  /** Of the runtime; empty is its default. */
  handler: string;
  /** What there is to say of its DNS settings. */
  events: ReturnType<typeof podDns>['events'];
}

/** What RunPodSandbox is asked, and CreateContainer again. Throws ConfigError. */
export async function composeSandbox({ node, resolvConf, features }: Parts, wanted: Wanted): Promise<ComposedSandbox> {
  const { revision, attempt, startTimeMs, prepared } = wanted;
  const { pod } = revision;
  const handler = runtimeHandler(pod, node);
  const { runtime, handler: featuresOf, supplementalGroupsPolicy } = features();
  checkUserNamespace(pod, handler, featuresOf(handler).userNamespaces, runtime);
  checkGroupsPolicy(pod, supplementalGroupsPolicy, runtime);
  const resolver = await resolvConf();
  const userNamespace = prepared?.userNamespace;
  const config = sandboxConfig({ revision, attempt, startTimeMs, node, resolvConf: resolver, userNamespace });
  // ClusterFirst is everyone's default and there is no cluster here: not worth a warning for every Pod.
  const events = podDns(pod, node, resolver).events.filter(({ reason }) => reason !== 'MissingClusterDNS');
  return { config, handler, events };
}
