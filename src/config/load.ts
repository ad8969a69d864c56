/** Defaults ← KubeletConfiguration file ← flags. Flags win. */
import { ConfigError, type ConfigProblem } from './errors.ts';
import { type ConfigFile, readConfigFile, SERIALIZE_IMAGE_PULLS, showPath } from './file.ts';
import { nodeNameOf } from './hostname.ts';
import { ValueError } from './kinds.ts';
import { SETTING_ROWS, SETTINGS } from './settings.ts';
import type { Config } from './types.ts';

/** What the rest of the process gives to loading: nothing here asks the machine. */
export interface LoadInput {
  /** Flag name without dashes → the values given, in order. `config` names the file. */
  flags: ReadonlyMap<string, readonly string[]>;
  /** Reads a file whole. Its errors are reported with the file's name. */
  readFile(path: string): Uint8Array;
  /** Relative paths of flags start here. */
  workingDirectory: string;
  /** The machine's host name, for the default node name. */
  hostname: string;
}

export interface LoadedConfig {
  config: Config;
  /** One line each, for the operator. */
  warnings: string[];
}

/** Throws ConfigError with every problem found. */
export function loadConfig(input: LoadInput): LoadedConfig {
  const problems: ConfigProblem[] = [];
  const flags = readFlags(input, problems);
  const file = readNamedFile(input, problems);
  const config: Config = { ...defaults(), ...file?.values, ...flags };
  if (config.nodeName === '') config.nodeName = defaultNodeName(input.hostname, problems);
  applySerializeImagePulls(config, file, problems);
  checkTogether(config, file, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return { config, warnings: file ? fileWarnings(file) : [] };
}

function defaults(): Config {
  return structuredClone(
    Object.fromEntries(SETTING_ROWS.map(([key, setting]) => [key, setting.default])),
  ) as unknown as Config;
}

function readFlags(input: LoadInput, problems: ConfigProblem[]): Partial<Config> {
  const values: Partial<Config> = {};
  for (const [key, setting] of SETTING_ROWS) {
    const texts = setting.flag === undefined ? undefined : input.flags.get(setting.flag);
    if (!texts) continue;
    try {
      Object.assign(values, { [key]: setting.kind.readFlag(texts, input.workingDirectory) });
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      problems.push({ where: flagText(setting.flag ?? ''), path: showPath(error.place), message: error.message });
    }
  }
  return values;
}

function readNamedFile(input: LoadInput, problems: ConfigProblem[]): ConfigFile | undefined {
  const name = input.flags.get('config')?.at(-1);
  if (name === undefined) return undefined;
  try {
    return readConfigFile(name, input.readFile(name));
  } catch (error) {
    if (error instanceof ConfigError) problems.push(...error.problems);
    else problems.push({ where: '--config', path: '', message: `cannot read ${name}: ${(error as Error).message}` });
    return undefined;
  }
}

function defaultNodeName(host: string, problems: ConfigProblem[]): string {
  try {
    return nodeNameOf(host);
  } catch {
    const message = `the host name ${JSON.stringify(host)} cannot be a node name; name the node with --hostname-override`;
    problems.push({ where: '', path: '', message });
    return '';
  }
}

/** The kubelet refuses the same pair (pkg/kubelet/apis/config/validation). */
function applySerializeImagePulls(config: Config, file: ConfigFile | undefined, problems: ConfigProblem[]): void {
  if (!file?.serializeImagePulls) return;
  if ((file.values.maxParallelImagePulls ?? 1) > 1) {
    const message = `must be 1 or absent while ${SERIALIZE_IMAGE_PULLS} is true`;
    problems.push({ where: file.where('maxParallelImagePulls'), path: 'maxParallelImagePulls', message });
  }
  config.maxParallelImagePulls = 1;
}

/** Rules between two settings, as in pkg/kubelet/apis/config/validation and the image garbage collector. */
function checkTogether(config: Config, file: ConfigFile | undefined, problems: ConfigProblem[]): void {
  const complain = (key: keyof Config, message: string) => {
    const path = SETTINGS[key].field ?? '';
    problems.push({ where: file && key in file.values ? file.where(path) : '', path, message });
  };
  if (config.imageGCLowThresholdPercent >= config.imageGCHighThresholdPercent) {
    const message = `must be less than imageGCHighThresholdPercent, which is ${config.imageGCHighThresholdPercent}`;
    complain('imageGCLowThresholdPercent', message);
  }
  if (config.imageMaximumGCAgeMs !== 0 && config.imageMaximumGCAgeMs <= config.imageMinimumGCAgeMs) {
    complain('imageMaximumGCAgeMs', 'must be 0s or more than imageMinimumGCAge');
  }
  if ((config.imageCredentialProviderConfig === '') !== (config.imageCredentialProviderBinDir === '')) {
    const [one, other] = ['--image-credential-provider-config', '--image-credential-provider-bin-dir'];
    complain('imageCredentialProviderConfig', `${one} and ${other} need each other`);
  }
  if (config.shutdownGracePeriodCriticalPodsMs > config.shutdownGracePeriodMs) {
    complain('shutdownGracePeriodCriticalPodsMs', 'must be at most shutdownGracePeriod');
  }
  if (
    config.shutdownGracePeriodByPodPriority.length > 0 &&
    (config.shutdownGracePeriodMs > 0 || config.shutdownGracePeriodCriticalPodsMs > 0)
  ) {
    const message = 'Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time';
    complain('shutdownGracePeriodByPodPriority', `${message}; remove one of the two`);
  }
}

function fileWarnings(file: ConfigFile): string[] {
  if (file.ignored.length === 0) return [];
  return [`${file.where('')}: these fields have no effect here: ${file.ignored.join(', ')}`];
}

/** `--name`, or `-v`. */
export function flagText(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
