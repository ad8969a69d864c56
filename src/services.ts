/** What runs beside the loop: images, logs, and the watch for a shutdown of the machine. */
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { readCredentialProviders } from './config/credential-providers.ts';
import { parseDuration } from './config/duration.ts';
import { ConfigError } from './config/errors.ts';
import { readImagePolicy } from './config/image-policy.ts';
import { SETTINGS } from './config/settings.ts';
import type { Config } from './config/types.ts';
import type { CriClient } from './cri/client.ts';
import { systemBusSocket } from './kubelet/dbus/bus.ts';
import type { Env } from './kubelet/env.ts';
import type { EventRing } from './kubelet/events.ts';
import { ImageCollector } from './kubelet/images/collect-images.ts';
import { CredentialFiles } from './kubelet/images/credential-files.ts';
import { ExecProvider } from './kubelet/images/exec-provider.ts';
import { ImageGate } from './kubelet/images/gate.ts';
import { importArchive } from './kubelet/images/import-archive.ts';
import { type ImagePolicy, NO_POLICY } from './kubelet/images/policy.ts';
import { Preloader } from './kubelet/images/preload.ts';
import { createPuller, type PullImage } from './kubelet/images/pull.ts';
import { authsFor, normalizeReference } from './kubelet/images/registry-auth.ts';
import { LogLinks } from './kubelet/logs/links.ts';
import { allLogs, runningLogs } from './kubelet/logs/of-observed.ts';
import { rotateLogs } from './kubelet/logs/rotate.ts';
import type { Kubelet } from './kubelet/loop.ts';
import type { Meter } from './kubelet/meter.ts';
import type { Node } from './kubelet/node.ts';
import { type ShutdownGroup, shutdownGroups, shutdownPeriodMs } from './kubelet/plan/shutdown.ts';
import type { NodeShutdown } from './kubelet/shutdown.ts';
import { watchShutdown } from './kubelet/shutdown-watch.ts';
import { messageOf } from './kubelet/sources/regular-file.ts';
import type { LiveSettings } from './live-settings.ts';

/** Pulls with the credentials of this machine. Throws ConfigError when the file of providers cannot be used. */
export async function createPull(config: Config, env: Env, client: CriClient, gate: ImageGate): Promise<PullImage> {
  const files = new CredentialFiles({
    env,
    rootDir: config.rootDir,
    workingDirectory: process.cwd(),
    home: process.env.HOME ?? '',
  });
  const providers = await execProviders(config, env);
  return createPuller({
    env,
    cri: client.cri,
    async nodeAuths(image) {
      const fromFiles = authsFor(await files.auths(), image);
      const fromProviders = await Promise.all(providers.map((provider) => provider.auths(image)));
      return [...fromFiles, ...fromProviders.flat()];
    },
    pullsPerSecond: config.registryPullQPS,
    burst: config.registryBurst,
    gate,
  });
}

/** Rejects with ConfigError. */
export async function openImageGate(
  { config, env, client }: Pick<ServicesInput, 'config' | 'env' | 'client'>,
  meter: Meter,
): Promise<ImageGate> {
  const policy = await imagePolicyOf(config, env);
  const refused = (wanted: string) => meter.imageRefused(wanted);
  return ImageGate.open({ env, cri: client.cri, policy, rootDir: config.rootDir, refused });
}

async function imagePolicyOf(config: Config, env: Env): Promise<ImagePolicy> {
  const file = config.imagePolicy;
  const policy = file === '' ? undefined : await readImagePolicy(file);
  if (policy) {
    env.log.info({ file, rules: policy.rules.length }, 'image policy');
    return policy;
  }
  if (file === '' || file === SETTINGS.imagePolicy.default) return NO_POLICY;
  throw new ConfigError([{ where: `--${SETTINGS.imagePolicy.flag}`, path: '', message: `there is no file ${file}` }]);
}

/** Reads the image policy again, with its keys: with a mistake in it the one of before stays. Never rejects. */
export async function reloadImagePolicy(
  { config, env, kubelet, gate }: Pick<ServicesInput, 'config' | 'env' | 'kubelet' | 'gate'>,
  record: RecordOnNode,
): Promise<void> {
  try {
    const policy = await imagePolicyOf(config, env);
    gate.use(policy);
    env.log.info({ rules: policy.rules.length }, 'the image policy was read again');
    // Pulls that were refused are tried at once.
    kubelet.imagesArrived(() => false);
  } catch (error) {
    const message = 'the image policy was read again and has mistakes: nothing is changed';
    env.log.error({ problems: messageOf(error).split('\n') }, message);
    record('Warning', 'InvalidConfiguration', `${message}: ${messageOf(error)}`.slice(0, 1024));
  }
}

async function execProviders(config: Config, env: Env): Promise<ExecProvider[]> {
  const file = config.imageCredentialProviderConfig;
  const directory = config.imageCredentialProviderBinDir;
  if (file === '') return [];
  const refuse = (key: keyof Config, message: string) =>
    new ConfigError([{ where: `--${SETTINGS[key].flag}`, path: '', message }]);
  const bytes = await readFile(file).catch((error: Error) => {
    throw refuse('imageCredentialProviderConfig', error.message);
  });
  const providers = readCredentialProviders(file, bytes);
  for (const { name } of providers) {
    await access(join(directory, name), constants.X_OK).catch(() => {
      throw refuse('imageCredentialProviderBinDir', `there is no program ${join(directory, name)}`);
    });
  }
  return providers.map(
    (provider) => new ExecProvider(provider, { env, directory, environment: process.env, parseDuration }),
  );
}

/** Which Pods a shutdown of the machine stops after which, and how long it waits for them. */
export function shutdownOrder(config: Config): ShutdownGroup[] {
  return shutdownGroups({
    shutdownGracePeriodMs: config.shutdownGracePeriodMs,
    shutdownGracePeriodCriticalPodsMs: config.shutdownGracePeriodCriticalPodsMs,
    shutdownGracePeriodByPodPriority: config.shutdownGracePeriodByPodPriority,
  });
}

export interface ServicesInput {
  readonly config: Config;
  readonly live: LiveSettings;
  readonly env: Env;
  readonly client: CriClient;
  readonly node: Node;
  readonly kubelet: Kubelet;
  readonly recorder: EventRing;
  readonly shutdown: NodeShutdown;
  readonly gate: ImageGate;
}

/** All of them, until `signal` aborts. Never rejects. */
export async function runServices(input: ServicesInput, signal: AbortSignal): Promise<void> {
  const { config, live, env, client, node, kubelet } = input;
  const record = recordOnNode(input);
  const preloader = createPreloader(input, record);
  const collector = new ImageCollector({
    env,
    cri: client.cri,
    settings: live.imageGc,
    wanted: () => {
      const wanted = kubelet.wantedImages();
      return wanted && [...wanted, ...preloader.images()];
    },
    record,
  });
  const rotation = {
    env,
    reopen: (containerId: string) => client.cri.reopenContainerLog(containerId),
    running: () => runningLogs(kubelet.observed(), node.podLogsDir),
    settings: live.rotation,
  };
  await Promise.all([
    preloader.run(signal),
    collector.run(signal),
    rotateLogs(rotation, signal),
    linkLogs(input, signal),
    shutdownPeriodMs(shutdownOrder(config)) > 0 ? guardShutdown(input, record, signal) : undefined,
  ]);
}

export type RecordOnNode = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

/** Events of the machine itself. */
export function recordOnNode({ recorder, node: { name } }: Pick<ServicesInput, 'recorder' | 'node'>): RecordOnNode {
  const object = { kind: 'Node' as const, namespace: 'default', name, uid: name };
  return (type, reason, message) => recorder.record(object, type, reason, message);
}

function createPreloader({ config, env, client, kubelet, gate }: ServicesInput, record: RecordOnNode): Preloader {
  const { cri } = client;
  return new Preloader({
    env,
    rootDir: config.rootDir,
    async importArchive(path, signal) {
      const { runtimeName } = await cri.version();
      if (runtimeName !== 'containerd')
        throw new Error(
          `this takes containerd; bring the images into ${runtimeName} with its own tools, e.g. skopeo copy`,
        );
      return importArchive(path, { env, endpoint: client.endpoint(), signal });
    },
    verify: (path) => gate.verifyArchive(path),
    basis: () => gate.keysText(),
    isPresent: async (image) => (await cri.imageStatus(image)) !== undefined,
    arrived(archive, images) {
      const names = new Set(images.map(normalizeReference));
      record('Normal', 'ImagesImported', `Imported ${images.join(', ') || 'no named image'} from ${archive}`);
      kubelet.imagesArrived((image) => names.has(normalizeReference(image)));
    },
    failed: (archive, message) => record('Warning', 'FailedImport', `Failed to import ${archive}: ${message}`),
  });
}

/**
 * Empty: none. An agent whose logs are in a place of its own does not put links into the directory that all share, unless
 * it is told to.
 */
export function logLinksDirectory(config: Pick<Config, 'containerLogLinksDir' | 'podLogsDir'>): string {
  const usual = config.podLogsDir === SETTINGS.podLogsDir.default;
  return config.containerLogLinksDir === SETTINGS.containerLogLinksDir.default && !usual
    ? ''
    : config.containerLogLinksDir;
}

async function linkLogs({ env, kubelet, node, config }: ServicesInput, signal: AbortSignal): Promise<void> {
  const directory = logLinksDirectory(config);
  if (directory === '') return;
  const links = new LogLinks({
    env,
    directory,
    podLogsDir: config.podLogsDir,
    logs: () => allLogs(kubelet.observed(), node.podLogsDir),
  });
  const stop = kubelet.onPublished(() => links.poke());
  await links.run(signal);
  stop();
}

function guardShutdown(
  { env, config, shutdown }: ServicesInput,
  record: RecordOnNode,
  signal: AbortSignal,
): Promise<void> {
  return watchShutdown(
    {
      env,
      periodMs: shutdownPeriodMs(shutdownOrder(config)),
      busSocket: systemBusSocket(process.env.DBUS_SYSTEM_BUS_ADDRESS),
      begin: () => {
        record('Normal', 'NodeShutdown', 'Shutdown manager detected shutdown event');
        return shutdown.begin();
      },
      cancel: () => {
        record('Normal', 'NodeShutdown', 'Shutdown manager detected shutdown cancellation');
        shutdown.cancel();
      },
    },
    signal,
  );
}
