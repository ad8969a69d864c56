/** `rower run`: settings from flags and file, then the agent. */
import { readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import type { Config } from '../config/types.ts';
import { parseArgs, UsageError } from './args.ts';
import type { CliIo } from './io.ts';
import { RUN_FLAGS, RUN_HELP } from './run-flags.ts';

/** Runs the agent with these settings until it is told to stop; `load` reads them again. Resolves to the exit status. */
export type RunAgent = (config: Config, io: CliIo, load: () => LoadedConfig) => Promise<number>;

const MAX_CONFIG_BYTES = 1024 * 1024;

/** `loadAgent` is called only when the settings are good: the agent's code is most of the program. */
export async function runCommand(
  argv: readonly string[],
  io: CliIo,
  loadAgent: () => Promise<RunAgent>,
): Promise<number> {
  const { flags, positionals } = parseArgs(argv, RUN_FLAGS);
  if (flags.has('help')) {
    io.stdout(RUN_HELP);
    return 0;
  }
  if (positionals.length > 0) throw new UsageError(`run takes no arguments, only flags: ${positionals.join(' ')}`);
  const workingDirectory = process.cwd();
  const hostname = os.hostname();
  const load = () => loadConfig({ flags, readFile: readConfig, workingDirectory, hostname });
  const { config, warnings } = load();
  for (const warning of warnings) io.stderr(`rower run: warning: ${warning}\n`);
  return (await loadAgent())(config, io, load);
}

/** Throws for what is no file, or too large to be one of settings. */
export function readConfig(path: string): Uint8Array {
  const stat = statSync(path);
  if (!stat.isFile()) throw new Error('it is not a regular file');
  if (stat.size > MAX_CONFIG_BYTES) throw new Error(`it is larger than ${MAX_CONFIG_BYTES} bytes`);
  return readFileSync(path);
}
