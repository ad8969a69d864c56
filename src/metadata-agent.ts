/** Builds what follows the metadata of the machine, from the settings. */

import { join } from 'node:path';
import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from './config/errors.ts';
import { SETTINGS } from './config/settings.ts';
import type { Config } from './config/types.ts';
import type { Env } from './kubelet/env.ts';
import type { EventRing } from './kubelet/events.ts';
import type { MetadataView } from './kubelet/metadata-view.ts';
import type { Node } from './kubelet/node.ts';
import type { Published } from './kubelet/published.ts';
import { messageOf } from './kubelet/sources/regular-file.ts';
import type { Provider } from './metadata/provider.ts';

export interface MetadataFollower {
  /** Until `signal` aborts. Never rejects. `poke` asks for a round that shows what changed. */
  run(signal: AbortSignal, poke: () => void): Promise<void>;
  /** Has the provider asked now, with the keys that are there now. */
  askAgain(): void;
  /** The same object as long as nothing in it changed. */
  view(): MetadataView;
  /** Told of every round. */
  look(published: Published): void;
}

const OFF = 'none';
const AUTO = 'auto';

/**
 * The manifest directory is as it must be when this resolves: nothing may read it before. Undefined: metadata is off,
 * which is `auto` too where there is no manifest directory. Rejects with ConfigError.
 */
export async function prepareMetadata(options: {
  config: Config;
  node: Node;
  env: Env;
  recorder: EventRing;
}): Promise<MetadataFollower | undefined> {
  const { config, node, env, recorder } = options;
  if (config.metadata === OFF || config.metadata === '') return undefined;
  const [
    { MetadataAgent },
    { machineAt },
    { ManifestStore, manifestDirectoryProblem },
    { parseSelection },
    { cloudFacts },
    { MetadataGuard, needsGuard, programRunner },
    { MetadataStatus },
    { PROVIDERS },
    { hostNetworkGuard },
  ] = await Promise.all([
    import('./metadata/agent.ts'),
    import('./metadata/machine.ts'),
    import('./metadata/manifests.ts'),
    import('./metadata/select.ts'),
    import('./metadata/node-attributes.ts'),
    import('./metadata/guard.ts'),
    import('./metadata/status.ts'),
    import('./metadata/providers.ts'),
    import('./metadata/guard-cgroups.ts'),
  ]);
  try {
    const unfit = await manifestDirectoryProblem(config.podManifestPath);
    if (unfit !== undefined) {
      if (config.metadata !== AUTO) throw new Error(unfit);
      env.log.info({ reason: unfit }, 'metadata is not looked at');
      return undefined;
    }
    const status = new MetadataStatus();
    const report = (type: 'Normal' | 'Warning', reason: string, message: string) =>
      recorder.record({ kind: 'Node', namespace: 'default', name: node.name, uid: node.name }, type, reason, message);
    const guard = new MetadataGuard({
      env,
      run: programRunner(env),
      ...(config.metadataGuardHostNetwork && {
        hostNetwork: (pods) => hostNetworkGuard(pods, node, '/sys/fs/cgroup'),
      }),
      report: (message) => report('Warning', 'MetadataGuardFailed', message),
    });
    if (config.metadataGuardHostNetwork && node.cgroupVersion === 1) {
      const text = 'Pods on the host network cannot be kept away from the metadata service: it takes cgroup version 2';
      env.log.warn({}, text);
      report('Warning', 'MetadataGuardFailed', text);
    }
    const guardFor = (provider: Provider | undefined) => {
      if (config.metadataGuard && provider && needsGuard(provider)) guard.turnOn();
    };
    const agent = new MetadataAgent({
      selection: parseSelection(config.metadata),
      machine: machineAt('/', process.env),
      store: new ManifestStore({
        manifestDirectory: config.podManifestPath,
        stateDirectory: join(config.rootDir, 'metadata'),
      }),
      nodeName: node.name,
      manifestDirectory: config.podManifestPath,
      trust: config.metadataTrust,
      env,
      status,
      chosen: guardFor,
      learn: (provider, attributes) => {
        const facts = cloudFacts(provider, attributes);
        // The same object for the same facts: what is made from it is kept then.
        if (!isDeepStrictEqual(facts, node.cloud)) node.cloud = facts;
      },
      report,
    });
    await agent.prepare();
    // The Pods of before start before the provider is found again.
    guardFor(PROVIDERS.find(({ name }) => name === status.view().provider));
    return {
      run: (signal, poke) => {
        status.onChange(poke);
        return agent.run(signal);
      },
      askAgain: () => agent.askAgain(),
      view: () => status.view(),
      look: ({ pods }) => guard.look(pods.map(({ pod }) => pod)),
    };
  } catch (error) {
    throw new ConfigError([{ where: `--${SETTINGS.metadata.flag}`, path: '', message: messageOf(error) }]);
  }
}
