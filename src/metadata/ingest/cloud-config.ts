/**
 * `#cloud-config`: the manifests among its `write_files`. What sets up the OS is left to others with one warning; what would
 * run something is refused.
 */
import path from 'node:path/posix';
import { didYouMean } from '../../config/closest.ts';
import { SourceText } from '../../kubelet/manifest/excerpt.ts';
import { readYaml } from '../../kubelet/manifest/yaml.ts';
import { type Directives, setDirective } from './directives.ts';
import { isRecord, type Json, textAt } from './record.ts';
import { Refusal } from './types.ts';
import { decodeBase64, gunzip } from './unwrap.ts';

export interface ConfiguredFile {
  /** One path component. */
  name: string;
  bytes: Uint8Array;
}

export interface CloudConfig {
  files: ConfiguredFile[];
  warnings: string[];
  /** What stands under `rower`. */
  directives: Directives;
  /** Which machine of one request it is for; absent: all. */
  launchIndex?: number;
}

/** They would run or install something: that their author relies on it must not go unheard. */
const REFUSED_KEYS = new Set([
  'runcmd',
  'bootcmd',
  'packages',
  'scripts',
  'script',
  'power_state',
  'phone_home',
  'chef',
  'puppet',
  'salt_minion',
  'ansible',
  'mcollective',
  'coreos',
  'snap',
  'apt_update',
]);
const TAKEN_KEYS = ['write_files', 'rower', 'launch_index'];
const MAX_FILES = 100;
const EXTENSION = /\.(?:ya?ml|json)$/;

export interface CloudConfigOptions {
  manifestDirectory: string;
  /** cloud-init has done all of it: leave `write_files` alone, and do not mind what it runs. */
  writeFilesDone: boolean;
}

/** Throws Refusal. */
export function readCloudConfig(text: string, options: CloudConfigOptions): CloudConfig {
  const { documents, problems } = readYaml(text);
  const [problem] = problems;
  if (problem) {
    const { line, column } = new SourceText(text).placeOf(problem.offset);
    throw new Refusal(`line ${line} column ${column}: ${problem.message}`);
  }
  if (documents.length > 1) throw new Refusal('a #cloud-config is one document');
  const config = documents[0]?.value ?? {};
  if (!isRecord(config)) throw new Refusal('a #cloud-config is a mapping');
  const entries = Object.entries(config).map(([key, value]): [string, unknown] => [key.replaceAll('-', '_'), value]);
  const refused = entries.filter(([key]) => REFUSED_KEYS.has(key)).map(([key]) => key);
  if (refused.length > 0 && !options.writeFilesDone) {
    throw new Refusal(
      `${refused.join(', ')} would run or install something, and Rower runs only Pods: leave ${refused.length > 1 ? 'them' : 'it'} to cloud-init, or put it into an image. Nothing was executed.`,
    );
  }
  const launchIndex = launchIndexOf(config);
  const which = launchIndex === undefined ? {} : { launchIndex };
  const directives: Directives = {};
  for (const [key, value] of entries) {
    if (key === 'rancher' && isRecord(value) && value.services !== undefined)
      throw new Refusal('rancher.services is a Compose file; convert it to Kubernetes YAML and give that.');
    if (key === 'rower') readOwn(value, directives);
  }
  const written = entries.find(([key]) => key === 'write_files')?.[1];
  const ignored = entries.map(([key]) => key).filter((key) => !TAKEN_KEYS.includes(key));
  const none = written === undefined || written === null;
  const how = none ? `; Pods are given by write_files into ${options.manifestDirectory}` : '';
  const warnings = ignored.length > 0 ? [`ignored, they are for the OS: ${ignored.join(', ')}${how}`] : [];
  if (none) return { files: [], warnings, directives, ...which };
  if (options.writeFilesDone)
    return {
      files: [],
      warnings: [...warnings, 'write_files is left to cloud-init, which has done it'],
      directives,
      ...which,
    };
  return { files: filesOf(written, options.manifestDirectory), warnings, directives, ...which };
}

/** `launch-index` of a mapping, as cloud-init reads it. Throws Refusal. */
export function launchIndexOf(value: unknown): number | undefined {
  if (!isRecord(value)) return undefined;
  const given = value['launch-index'] ?? value.launch_index;
  if (given === undefined || given === null) return undefined;
  const index = Number(given);
  if (!Number.isInteger(index)) throw new Refusal('launch-index must be a whole number');
  return index;
}

/** The words of `#rower:` that are about the whole user-data. */
const OWN_KEYS = ['onMissing', 'onEmpty', 'substitute'];

function readOwn(value: unknown, directives: Directives): void {
  if (!isRecord(value)) throw new Refusal('rower must be a mapping');
  for (const [key, wish] of Object.entries(value)) {
    if (!OWN_KEYS.includes(key))
      throw new Refusal(
        `rower.${key.slice(0, 40)} is not read from user-data; there are ${OWN_KEYS.join(', ')}${didYouMean(key, OWN_KEYS) || '.'} Settings of the agent are given to it in its own configuration.`,
      );
    setDirective(directives, key, String(wish), 'rower');
  }
}

function filesOf(list: unknown, directory: string): ConfiguredFile[] {
  if (!Array.isArray(list)) throw new Refusal('write_files must be a list');
  if (list.length > MAX_FILES) throw new Refusal(`write_files has more than ${MAX_FILES} entries`);
  return list.map((entry, index) => {
    const place = `write_files[${index}]`;
    if (!isRecord(entry)) throw new Refusal(`${place} must be a mapping`);
    if (entry.append === true) throw new Refusal(`${place}.append is not supported: give the whole manifest`);
    return { name: nameOf(entry, place, directory), bytes: contentOf(entry, place) };
  });
}

function nameOf(entry: Json, place: string, directory: string): string {
  const given = textAt(entry, 'path');
  if (given === undefined) throw new Refusal(`${place}.path is missing`);
  const full = path.normalize(given);
  const name = path.basename(full);
  if (path.dirname(full) !== path.normalize(directory).replace(/(?<=.)\/$/, '')) {
    throw new Refusal(
      `${place}.path ${JSON.stringify(given)} is not in ${directory}: Rower writes manifests only. Leave other files to cloud-init, or give them to a Pod in a ConfigMap.`,
    );
  }
  if (name.startsWith('.') || !EXTENSION.test(name))
    throw new Refusal(
      `${place}.path ${JSON.stringify(given)} must end in .yaml, .yml or .json to be read as a manifest`,
    );
  return name;
}

/** The names are cloud-init's. */
const ENCODINGS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  '': (bytes) => bytes,
  'text/plain': (bytes) => bytes,
  b64: decodeBase64,
  base64: decodeBase64,
  gz: gunzip,
  gzip: gunzip,
  'gz+b64': (bytes) => gunzip(decodeBase64(bytes)),
  'gz+base64': (bytes) => gunzip(decodeBase64(bytes)),
  'gzip+b64': (bytes) => gunzip(decodeBase64(bytes)),
  'gzip+base64': (bytes) => gunzip(decodeBase64(bytes)),
};

function contentOf(entry: Json, place: string): Uint8Array {
  const { content, encoding } = entry;
  if (content === undefined || content === null) throw new Refusal(`${place}.content is missing`);
  if (typeof content !== 'string') throw new Refusal(`${place}.content must be text`);
  const word = typeof encoding === 'string' ? encoding.trim().toLowerCase() : '';
  const decode = Object.hasOwn(ENCODINGS, word) ? ENCODINGS[word] : undefined;
  if (!decode) throw new Refusal(`${place}.encoding ${JSON.stringify(word)} is unknown`);
  try {
    return decode(Buffer.from(content));
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(`${place}.content ${error.message}`);
    throw error;
  }
}
