/**
 * The command line. Code of a command is loaded when it is called.
 *
 * To add a command: 1. a file that exports `(argv, io) => Promise<number>` and answers `--help`; 2. a row in `COMMANDS`.
 */

import { didYouMean } from '../config/closest.ts';
import { ConfigError } from '../config/errors.ts';
import { UsageError } from './args.ts';
import { type CommandSummary, programHelp } from './help.ts';
import type { CliIo } from './io.ts';

export type { CliIo } from './io.ts';

interface Command extends CommandSummary {
  /** Resolves to the exit status. May throw UsageError and ConfigError. */
  run(argv: string[], io: CliIo): Promise<number>;
}

const COMMANDS: readonly Command[] = [
  {
    name: 'run',
    summary: 'Run the Pods of this machine until stopped.',
    run: async (argv, io) => {
      const { runCommand } = await import('./run.ts');
      return runCommand(argv, io, async () => (await import('../main.ts')).runAgent);
    },
  },
  {
    name: 'validate',
    summary: 'Check manifest files the way the agent reads them.',
    run: async (argv, io) => (await import('./validate.ts')).validateCommand(argv, io),
  },
  {
    name: 'get',
    summary: 'Show the Pods of a running agent, as kubectl would.',
    run: async (argv, io) => (await import('./get.ts')).getCommand(argv, io),
  },
  {
    name: 'logs',
    summary: 'Show the logs of a container, across all its log files.',
    run: async (argv, io) => (await import('./logs.ts')).logsCommand(argv, io),
  },
  {
    name: 'explain',
    summary: 'Show what runs, what waits, until when and why, and what is done next.',
    run: async (argv, io) => (await import('./explain.ts')).explainCommand(argv, io),
  },
  {
    name: 'metadata',
    summary: 'Show what the cloud gives this machine, and why.',
    run: async (argv, io) => (await import('./metadata.ts')).metadataCommand(argv, io),
  },
  {
    name: 'sign',
    summary: 'Sign a manifest with an SSH key.',
    run: async (argv, io) => (await import('./sign.ts')).signCommand(argv, io),
  },
  {
    name: 'verify',
    summary: 'Say who signed a manifest.',
    run: async (argv, io) => (await import('./verify.ts')).verifyCommand(argv, io),
  },
  {
    name: 'version',
    summary: 'Show the version.',
    run: async (argv, io) => {
      const { versionLine } = await import('./version.ts');
      if (wantsHelp(argv)) io.stdout('Shows the version of rower.\n\nUsage: rower version\n');
      else if (argv.length > 0) throw new UsageError(`version takes no arguments: ${argv.join(' ')}`);
      else io.stdout(versionLine());
      return 0;
    },
  },
  {
    name: 'help',
    summary: 'Show this help, or that of a command.',
    run: async (argv, io) => {
      const [name, ...rest] = argv;
      if (name === undefined || wantsHelp(argv)) io.stdout(programHelp(COMMANDS));
      else if (name === 'help') throw new UsageError('help of help is this: rower help [COMMAND]');
      else return find(name).run([...rest, '--help'], io);
      return 0;
    },
  },
];

const USAGE_STATUS = 2;

/** Runs one command line, without the program's name. Resolves to the exit status: 2 when it cannot be understood. */
export async function main(argv: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined) {
    io.stderr(programHelp(COMMANDS));
    return USAGE_STATUS;
  }
  if (name === '--help' || name === '-h') return run('help', [], io);
  if (name === '--version') return run('version', [], io);
  return run(name, rest, io);
}

async function run(name: string, argv: string[], io: CliIo): Promise<number> {
  let prefix = 'rower';
  try {
    const command = find(name);
    prefix = `rower ${command.name}`;
    return await command.run(argv, io);
  } catch (error) {
    if (error instanceof UsageError) io.stderr(`${prefix}: ${error.message}\nSee ${prefix} --help.\n`);
    else if (error instanceof ConfigError) io.stderr(`${indented(prefix, error.message)}\nSee ${prefix} --help.\n`);
    else throw error;
    return USAGE_STATUS;
  }
}

/** Every line of the message after the prefix. */
function indented(prefix: string, message: string): string {
  return message.replaceAll(/^/gm, `${prefix}: `);
}

function find(name: string): Command {
  const command = COMMANDS.find((one) => one.name === name);
  if (command) return command;
  const names = COMMANDS.map((one) => one.name);
  throw new UsageError(
    name.startsWith('-')
      ? `unknown flag ${name}; the command comes first`
      : `unknown command ${name}${didYouMean(name, names)}`,
  );
}

function wantsHelp(argv: readonly string[]): boolean {
  return argv.includes('--help') || argv.includes('-h');
}
