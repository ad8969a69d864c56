/** Builds what follows the metadata of the machine, from the settings. */

import { join } from 'node:path';
import process from 'node:process';
import { ConfigError } from './config/errors.ts';
import { SETTINGS } from './config/settings.ts';
import type { Config } from './config/types.ts';
import type { Env } from './kubelet/env.ts';
import type { EventRing } from './kubelet/events.ts';
import type { Node } from './kubelet/node.ts';
import type { Published } from './kubelet/published.ts';
import { messageOf } from './kubelet/sources/regular-file.ts';

export interface MetadataFollower {
  /** Until `signal` aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Told of every round. */
  look(published: Published): void;
}

const OFF = 'none';

/**
 * The manifest directory is as it must be when this resolves: nothing may read it before. Undefined: metadata is off, and its
 * code is not loaded. Rejects with ConfigError.
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
    { ManifestStore, checkManifestDirectory },
    { parseSelection },
    { cloudFacts },
    { MetadataGuard, needsGuard, programRunner },
  ] = await Promise.all([
    import('./metadata/agent.ts'),
    import('./metadata/machine.ts'),
    import('./metadata/manifests.ts'),
    import('./metadata/select.ts'),
    import('./metadata/node-attributes.ts'),
    import('./metadata/guard.ts'),
  ]);
  try {
    await checkManifestDirectory(config.podManifestPath);
    const guard = new MetadataGuard(env, programRunner(env));
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
      chosen: (provider) => {
        if (config.metadataGuard && needsGuard(provider)) guard.turnOn();
      },
      learn: (provider, attributes) => {
        node.cloud = cloudFacts(provider, attributes);
      },
      report: (type, reason, message) =>
        recorder.record({ kind: 'Node', namespace: 'default', name: node.name, uid: node.name }, type, reason, message),
    });
    await agent.prepare();
    return {
      run: (signal) => agent.run(signal),
      look: ({ pods }) => guard.look(pods.map(({ pod }) => pod)),
    };
  } catch (error) {
    throw new ConfigError([{ where: `--${SETTINGS.metadata.flag}`, path: '', message: messageOf(error) }]);
  }
}
