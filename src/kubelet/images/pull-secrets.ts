import { type Documents, documentKey } from '../documents.ts';
import type { Pod } from '../types.ts';
import { type DockerConfigForm, parseDockerConfig, type RegistryAuth } from './registry-auth.ts';

/** Types of Secrets with registry credentials: the key in their data, and its form. */
const TYPES: Readonly<Record<string, { key: string; form: DockerConfigForm }>> = {
  'kubernetes.io/dockerconfigjson': { key: '.dockerconfigjson', form: 'config.json' },
  'kubernetes.io/dockercfg': { key: '.dockercfg', form: 'dockercfg' },
};

export interface PullSecrets {
  readonly auths: readonly RegistryAuth[];
  /** One line for each secret that is not there or cannot be used; the pull is tried without it. */
  readonly problems: readonly string[];
}

/** Credentials of a Pod's `imagePullSecrets` (pkg/credentialprovider/secrets, pkg/kubelet/kubelet_pods.go). Pure. */
export function pullSecrets(pod: Pod, documents: Documents): PullSecrets {
  const auths: RegistryAuth[] = [];
  const problems: string[] = [];
  for (const { name = '' } of pod.spec.imagePullSecrets ?? []) {
    const secret = documents.get(documentKey('Secret', pod.metadata.namespace, name));
    const type = TYPES[secret?.type ?? ''];
    const bytes = type && secret?.data.get(type.key);
    if (!secret) problems.push(`secret "${name}" not found`);
    else if (!type)
      problems.push(
        `secret "${name}" is of type ${secret.type ?? 'Opaque'}, which has no registry credentials: use ${Object.keys(TYPES).join(' or ')}`,
      );
    else if (!bytes) problems.push(`secret "${name}" has no ${type.key}`);
    else {
      try {
        auths.push(...parseDockerConfig(Buffer.from(bytes).toString(), type.form));
      } catch (error) {
        problems.push(`${type.key} of secret "${name}" cannot be used: ${(error as Error).message}`);
      }
    }
  }
  return { auths, problems };
}
