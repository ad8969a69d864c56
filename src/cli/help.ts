/** The help texts, made from the tables of commands and flags. */
import { flagText } from '../config/load.ts';
import type { FlagSpec } from './args.ts';

export interface CommandSummary {
  name: string;
  /** One line. */
  summary: string;
}

const WIDTH = 100;

/** `rower --help`. */
export function programHelp(commands: readonly CommandSummary[]): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return [
    'rower runs exactly the Kubernetes Pods this machine is given, on containerd or CRI-O, without a cluster.',
    '',
    'Usage: rower COMMAND [FLAGS]',
    '',
    'Commands:',
    ...lines,
    '',
    'See rower COMMAND --help for the flags of a command.',
    '',
  ].join('\n');
}

/** `rower COMMAND --help`. */
export function commandHelp(usage: string, about: string, flags: readonly FlagSpec[]): string {
  return [...wrap(about, ''), '', `Usage: ${usage}`, '', 'Flags:', ...flags.flatMap(flagHelp), ''].join('\n');
}

function flagHelp(flag: FlagSpec): string[] {
  const shown = flagText(flag.name);
  const head = `  ${flag.name === 'help' ? '-h, --help' : flag.valueName === undefined ? shown : `${shown} ${flag.valueName}`}`;
  const shownDefault = flag.defaultText === undefined ? '' : ` (default ${flag.defaultText})`;
  return [head, ...wrap(`${flag.help}${shownDefault}`, '      ')];
}

function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    const longer = line === indent ? `${indent}${word}` : `${line} ${word}`;
    if (longer.length > WIDTH && line !== indent) {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
