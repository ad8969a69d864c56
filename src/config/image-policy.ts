/** Reads an ImagePolicy (rower.dev/v1alpha1): which images may run on this machine. */
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { ImagePolicy, ImageRule, Requirement } from '../kubelet/images/policy.ts';
import { codeOf, messageOf } from '../kubelet/sources/regular-file.ts';
import { type CosignKey, readCosignKey } from '../metadata/ingest/cosign.ts';
import { didYouMean } from './closest.ts';
import { readDocument } from './document.ts';
import { ConfigError, type ConfigProblem } from './errors.ts';

const API_VERSION = 'rower.dev/v1alpha1';
const KIND = 'ImagePolicy';
const REQUIREMENTS: readonly Requirement[] = ['nothing', 'digest', 'signature', 'reject'];
const KEYS = ['images', 'registryConfigPath'];
const FIELDS = ['matchImages', 'require', 'cosignKeys'];
/** The default of containerd from 2.0 on. */
const REGISTRY_CONFIG_PATH = '/etc/containerd/certs.d:/etc/docker/certs.d';
/** Where names of keys are looked for, below the directory of the file. */
const KEY_DIRECTORY = 'cosign';

/** Undefined: there is no such file. Rejects with ConfigError that names every problem. */
export async function readImagePolicy(file: string): Promise<ImagePolicy | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new ConfigError([{ where: file, path: '', message: messageOf(error) }]);
  }
  const document = readDocument(file, bytes);
  const problems: ConfigProblem[] = [];
  const complain = (at: readonly string[], message: string) =>
    problems.push({
      where: document.where(at),
      path: at.reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : `${path}.${part}`)),
      message,
    });
  const { apiVersion, kind, images, registryConfigPath = REGISTRY_CONFIG_PATH, ...rest } = document.root;
  if (apiVersion !== API_VERSION) complain(['apiVersion'], `must be ${API_VERSION}`);
  if (kind !== KIND) complain(['kind'], `must be ${KIND}`);
  for (const key of Object.keys(rest))
    complain([key], `is unknown; there are ${KEYS.join(', ')}${didYouMean(key, KEYS)}`);
  const paths = typeof registryConfigPath === 'string' ? registryConfigPath : undefined;
  if (paths === undefined || (paths !== '' && !paths.split(':').every(isAbsolute)))
    complain(
      ['registryConfigPath'],
      `must be absolute directories with colons between, such as ${REGISTRY_CONFIG_PATH}`,
    );
  if (!Array.isArray(images)) complain(['images'], 'must be a list of rules');
  const rules: ImageRule[] = [];
  for (const [index, entry] of (Array.isArray(images) ? images : []).entries())
    rules.push(await readRule(entry, ['images', String(index)], file, complain));
  if (problems.length > 0) throw new ConfigError(problems);
  return { source: file, registryConfigPath: paths ?? '', rules };
}

type Complain = (at: readonly string[], message: string) => void;

async function readRule(entry: unknown, at: readonly string[], file: string, complain: Complain): Promise<ImageRule> {
  const rule = typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>) : {};
  for (const key of Object.keys(rule).filter((one) => !FIELDS.includes(one)))
    complain([...at, key], `is unknown; there are ${FIELDS.join(', ')}${didYouMean(key, FIELDS)}`);
  const { matchImages, require: given, cosignKeys = [] } = rule;
  const requirement = REQUIREMENTS.find(
    (one) => one === (given ?? (rule.cosignKeys === undefined ? undefined : 'signature')),
  );
  if (!isTexts(matchImages) || matchImages.length === 0)
    complain([...at, 'matchImages'], 'must be a list such as [registry.example/team], or ["*"] for every image');
  if (requirement === undefined) complain([...at, 'require'], `must be one of ${REQUIREMENTS.join(', ')}`);
  const names = isTexts(cosignKeys) ? cosignKeys : [];
  if (!isTexts(cosignKeys)) complain([...at, 'cosignKeys'], 'must be a list of files');
  if (requirement === 'signature' && names.length === 0)
    complain([...at, 'cosignKeys'], 'must name at least one public key, by which images are signed');
  if (requirement !== 'signature' && names.length > 0)
    complain([...at, 'cosignKeys'], 'goes with require: signature only');
  const keys: CosignKey[] = [];
  for (const [index, name] of names.entries()) {
    const path = resolve(dirname(file), KEY_DIRECTORY, name);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      complain([...at, 'cosignKeys', String(index)], `${path}: ${messageOf(error)}`);
      return undefined;
    });
    const key = text === undefined ? undefined : readCosignKey(name, text);
    if (key) keys.push(key);
    else if (text !== undefined)
      complain([...at, 'cosignKeys', String(index)], `${path} is no public key of cosign (PEM, ECDSA P-256)`);
  }
  return { matchImages: isTexts(matchImages) ? matchImages : [], require: requirement ?? 'reject', cosignKeys: keys };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
}
