/**
 * Reads a CredentialProviderConfig (kubelet.config.k8s.io/v1, v1beta1, v1alpha1): the kubelet's file that names its exec
 * credential providers. Rules: pkg/credentialprovider/plugin/config.go validateCredentialProviderConfig.
 */
import type { CredentialProvider } from '../kubelet/images/provider.ts';
import { readDocument } from './document.ts';
import { parseDuration } from './duration.ts';
import { ConfigError, type ConfigProblem } from './errors.ts';

const API_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `kubelet.config.k8s.io/${version}`);
const PROVIDER_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map(
  (version) => `credentialprovider.kubelet.k8s.io/${version}`,
);
const KIND = 'CredentialProviderConfig';

/** Throws ConfigError with every problem found. */
export function readCredentialProviders(file: string, bytes: Uint8Array): CredentialProvider[] {
  const document = readDocument(file, bytes);
  const problems: ConfigProblem[] = [];
  const complain: Complain = (at, message) => problems.push({ where: document.where(at), path: pathText(at), message });
  const { apiVersion, kind, providers } = document.root;
  if (!API_VERSIONS.includes(apiVersion as string))
    complain(['apiVersion'], `must be one of ${API_VERSIONS.join(', ')}`);
  if (kind !== KIND) complain(['kind'], `must be ${KIND}`);
  const list = Array.isArray(providers) ? providers : [];
  if (list.length === 0) complain(['providers'], 'must be a list of at least one provider');
  const names = new Set<string>();
  const read = list.map((entry, index) => {
    const provider = readProvider(entry, ['providers', String(index)], complain);
    if (names.has(provider.name)) complain(['providers', String(index), 'name'], `is there twice: ${provider.name}`);
    names.add(provider.name);
    return provider;
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return read;
}

type Complain = (at: readonly string[], message: string) => void;

function readProvider(entry: unknown, at: readonly string[], complain: Complain): CredentialProvider {
  const fields = isMap(entry) ? entry : {};
  if (!isMap(entry)) complain(at, 'must be a map');
  const { name, matchImages, defaultCacheDuration, apiVersion, args, env, tokenAttributes } = fields;
  const badName = typeof name !== 'string' || name === '' || /[/\s]/.test(name) || name === '.' || name === '..';
  if (badName)
    complain([...at, 'name'], 'must be the name of a program in the directory of providers, without slash and space');
  if (!isStrings(matchImages) || matchImages.length === 0)
    complain([...at, 'matchImages'], 'must be a list of at least one pattern such as *.registry.example');
  const durationMs = typeof defaultCacheDuration === 'string' ? parseDuration(defaultCacheDuration) : undefined;
  if (durationMs === undefined || durationMs < 0)
    complain([...at, 'defaultCacheDuration'], 'must be a duration such as 10m or 0s');
  if (!PROVIDER_VERSIONS.includes(apiVersion as string))
    complain([...at, 'apiVersion'], `must be one of ${PROVIDER_VERSIONS.join(', ')}`);
  if (args !== undefined && args !== null && !isStrings(args)) complain([...at, 'args'], 'must be a list of strings');
  const variables = Array.isArray(env) ? env : [];
  if (
    variables.some(
      (one) => !isMap(one) || typeof one.name !== 'string' || one.name === '' || typeof one.value !== 'string',
    )
  )
    complain([...at, 'env'], 'must be a list of maps with name and value');
  if (isMap(tokenAttributes) && tokenAttributes.requireServiceAccount !== false)
    complain(
      [...at, 'tokenAttributes'],
      'asks for service account tokens, which need an API server: leave it out, or set requireServiceAccount to false',
    );
  return {
    name: String(name),
    apiVersion: String(apiVersion),
    matchImages: isStrings(matchImages) ? matchImages : [],
    defaultCacheDurationMs: durationMs ?? 0,
    args: isStrings(args) ? args : [],
    env: variables as { name: string; value: string }[],
  };
}

function pathText(at: readonly string[]): string {
  return at.map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('');
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
