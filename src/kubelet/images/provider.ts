/** What the kubelet's exec credential providers take and give (k8s.io/kubelet pkg/apis/credentialprovider). Pure. */
import { normalizeLocation, type RegistryAuth } from './registry-auth.ts';

/** One entry of a CredentialProviderConfig. */
export interface CredentialProvider {
  /** Of the program in the directory of providers. */
  readonly name: string;
  /** `credentialprovider.kubelet.k8s.io/v1`, `…/v1beta1` or `…/v1alpha1`: the form of request and answer. */
  readonly apiVersion: string;
  readonly matchImages: readonly string[];
  /** For answers that name no duration. */
  readonly defaultCacheDurationMs: number;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

export interface ProviderAnswer {
  readonly cacheKeyType: 'Image' | 'Registry' | 'Global';
  readonly cacheDurationMs: number | undefined;
  readonly auths: readonly RegistryAuth[];
}

/** The JSON for the program's standard input. */
export function providerRequest({ apiVersion }: CredentialProvider, repository: string): string {
  return JSON.stringify({ kind: 'CredentialProviderRequest', apiVersion, image: repository });
}

/** Throws Error, which never repeats the answer. `parseDuration` reads a Go duration into ms. */
export function readProviderAnswer(
  { apiVersion }: CredentialProvider,
  text: string,
  parseDuration: (text: string) => number | undefined,
): ProviderAnswer {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new Error('its answer is not JSON');
  }
  if (answer?.kind !== 'CredentialProviderResponse' || answer.apiVersion !== apiVersion)
    throw new Error(`its answer is not a CredentialProviderResponse of ${apiVersion}`);
  const { cacheKeyType } = answer;
  if (cacheKeyType !== 'Image' && cacheKeyType !== 'Registry' && cacheKeyType !== 'Global')
    throw new Error('the cacheKeyType of its answer must be Image, Registry or Global');
  const auths = Object.entries((answer.auth ?? {}) as Record<string, { username?: unknown; password?: unknown }>);
  return {
    cacheKeyType,
    cacheDurationMs: typeof answer.cacheDuration === 'string' ? parseDuration(answer.cacheDuration) : undefined,
    auths: auths.map(([location, { username, password }]) => ({
      location: normalizeLocation(location),
      auth: { username: String(username ?? ''), password: String(password ?? '') },
    })),
  };
}
