/** SIGHUP: the configuration is read again, and what can change in an agent that runs does. */
import { ConfigError } from './config/errors.ts';
import type { LoadedConfig } from './config/load.ts';
import { configChange } from './config/reload.ts';
import type { Config } from './config/types.ts';
import type { Log } from './kubelet/env.ts';
import type { Node } from './kubelet/node.ts';
import { liveFacts } from './kubelet/node-facts.ts';

export interface ReloadInput {
  /** Changed in place. */
  readonly config: Config;
  readonly node: Node;
  readonly log: Log & { setVerbosity(verbosity: number): void };
  /** Reads flags and file again. Throws ConfigError. */
  readonly load: () => LoadedConfig;
  /** For whoever looks at the Node. */
  readonly record: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
  /** Plans every Pod again. */
  readonly replan: () => void;
}

/** All or nothing: a file with a mistake changes nothing, and each mistake is told with its place. Never throws. */
export function reload({ config, node, log, load, record, replan }: ReloadInput): void {
  let loaded: LoadedConfig;
  try {
    loaded = load();
  } catch (error) {
    const problems = error instanceof ConfigError ? error.message.split('\n') : [String(error)];
    const message = 'the configuration was read again and has mistakes: nothing is changed';
    log.error({ problems }, message);
    record('Warning', 'InvalidConfiguration', `${message}: ${problems.join('; ')}`.slice(0, 1024));
    return;
  }
  for (const warning of loaded.warnings) log.warn({}, warning);
  const { now, shown, later } = configChange(config, loaded.config);
  Object.assign(config, now);
  log.setVerbosity(config.verbosity);
  Object.assign(node, liveFacts(config));
  replan();
  const changed = Object.keys(shown);
  log.info(
    { changed: shown },
    changed.length > 0 ? 'the configuration was read again' : 'the configuration was read again; nothing changes now',
  );
  if (changed.length > 0) record('Normal', 'ConfigurationReloaded', `Changed: ${changed.join(', ')}`);
  if (later.length > 0)
    log.warn({ settings: later }, `these settings take effect when the agent is started again: ${later.join(', ')}`);
}
