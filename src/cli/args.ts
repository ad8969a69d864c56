/** Reads arguments the way the kubelet's flags are read: `--name value`, `--name=value`, `-v 2`, `-v2`; `_` means `-`. */
import { didYouMean } from '../config/closest.ts';

export interface FlagSpec {
  /** Without dashes; one letter makes a short flag that is accepted with two dashes as well. */
  name: string;
  /** What the value is called in the help. Absent: the flag takes no value. */
  valueName?: string;
  help: string;
  /** Shown in the help; absent where there is nothing to show. */
  defaultText?: string;
}

export interface ParsedArgs {
  /** Flag name → the values given, in order; one empty value for a flag without value. */
  flags: ReadonlyMap<string, readonly string[]>;
  positionals: readonly string[];
}

/** The command line cannot be used; exit status 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export const HELP_FLAG: FlagSpec = { name: 'help', help: 'Show this help.' };

/** Throws UsageError. `-h` is `--help`; `--` ends the flags. */
export function parseArgs(argv: readonly string[], specs: readonly FlagSpec[]): ParsedArgs {
  const flags = new Map<string, string[]>();
  const positionals: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    if (argument === '--') {
      positionals.push(...argv.slice(index + 1));
      break;
    }
    if (!argument.startsWith('-') || argument === '-') {
      positionals.push(argument);
      continue;
    }
    const { shown, name, value } = takeApart(argument);
    const spec = specs.find((one) => one.name === name);
    if (!spec) throw new UsageError(`unknown flag ${shown}${suggestion(shown, specs)}`);
    let given = value;
    if (spec.valueName === undefined) {
      if (given !== undefined) throw new UsageError(`${shown} takes no value`);
      given = '';
    } else if (given === undefined) {
      index += 1;
      given = argv[index];
      if (given === undefined || given.startsWith('--'))
        throw new UsageError(`${shown} needs a value: ${shown} ${spec.valueName}`);
    }
    flags.set(name, [...(flags.get(name) ?? []), given]);
  }
  return { flags, positionals };
}

function takeApart(argument: string): { shown: string; name: string; value: string | undefined } {
  const equals = argument.indexOf('=');
  const shown = equals < 0 ? argument : argument.slice(0, equals);
  const value = equals < 0 ? undefined : argument.slice(equals + 1);
  if (shown.startsWith('--')) return { shown, name: shown.slice(2).replaceAll('_', '-'), value };
  if (shown === '-h') return { shown, name: HELP_FLAG.name, value };
  if (shown.length === 2) return { shown, name: shown.slice(1), value };
  if (/^-[a-z]\d+$/.test(argument))
    return { shown: argument.slice(0, 2), name: argument.slice(1, 2), value: argument.slice(2) };
  // Long names need two dashes; no flag's name begins with one.
  return { shown, name: shown, value };
}

function suggestion(shown: string, specs: readonly FlagSpec[]): string {
  return didYouMean(
    `--${shown.replace(/^-+/, '')}`,
    specs.map((spec) => (spec.name.length === 1 ? `-${spec.name}` : `--${spec.name}`)),
  );
}
