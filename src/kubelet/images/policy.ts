/** Which images may be pulled and run on this machine, by the rules of its owner. Pure. */
import type { CosignKey } from '../../metadata/ingest/cosign.ts';
import { locationMatches, repositoryOf } from './registry-auth.ts';

/** `digest`: named by one. `signature`: signed by one of the keys. `reject`: none. `nothing`: all. */
export type Requirement = 'nothing' | 'digest' | 'signature' | 'reject';

export interface ImageRule {
  /** As in CredentialProviderConfig, but a path ends at a slash or where the image's does; `*` alone is every image. */
  readonly matchImages: readonly string[];
  readonly require: Requirement;
  readonly cosignKeys: readonly CosignKey[];
}

export interface ImagePolicy {
  /** The file, for messages. */
  readonly source: string;
  /** Where the runtime's `hosts.toml` files are, as its `config_path`: directories with colons between. */
  readonly registryConfigPath: string;
  /** The first that matches counts; an image that none matches may run. */
  readonly rules: readonly ImageRule[];
}

/** Of a machine without a policy: every image may run. */
export const NO_POLICY: ImagePolicy = { source: '', registryConfigPath: '', rules: [] };

export function ruleFor({ rules }: ImagePolicy, image: string): ImageRule | undefined {
  const repository = repositoryOf(image);
  return rules.find(({ matchImages }) => matchImages.some((pattern) => pattern === '*' || fits(pattern, repository)));
}

function fits(pattern: string, repository: string): boolean {
  if (!locationMatches(pattern, repository)) return false;
  const slash = pattern.indexOf('/');
  const path = slash < 0 ? '' : pattern.slice(slash).replace(/\/$/, '');
  const rest = repository.slice(repository.indexOf('/')).slice(path.length);
  return rest === '' || rest.startsWith('/');
}

/** Why the image is refused by its name alone; undefined: it is not. */
export function refusalOf(policy: ImagePolicy, image: string): string | undefined {
  const rule = ruleFor(policy, image);
  if (rule?.require === 'reject') return `${policy.source} allows no image of ${repositoryOf(image)}`;
  if (rule?.require === 'digest' && digestOf(image) === undefined)
    return `${policy.source} wants images of ${repositoryOf(image)} by digest: NAME@sha256:…`;
  return undefined;
}

/** `sha256:…` of a reference that has one. */
export function digestOf(image: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
}
