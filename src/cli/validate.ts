/** `rower validate`: what the agent would say of manifests, before it is given them. Same code, same words. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import process from 'node:process';
import { parseManifest } from '../kubelet/manifest/parse.ts';
import { MAX_MANIFEST_BYTES } from '../kubelet/manifest/text.ts';
import { byBytes, ignoredName } from '../kubelet/sources/manifest-name.ts';
import { messageOf, readRegularFile } from '../kubelet/sources/regular-file.ts';
import type { FileResult, ManifestProblem } from '../kubelet/sources/source.ts';
import { type FlagSpec, HELP_FLAG, parseArgs, UsageError } from './args.ts';
import { commandHelp } from './help.ts';
import type { CliIo } from './io.ts';

/** Only the form of names depends on it, and those are to be valid on every machine. */
const DEFAULT_NODE_NAME = 'node';
const STDIN = '-';

const FLAGS: readonly FlagSpec[] = [
  {
    name: 'node-name',
    valueName: 'NAME',
    help: 'The machine whose name is added to those of the Pods.',
    defaultText: DEFAULT_NODE_NAME,
  },
  {
    name: 'lax',
    help: 'Warn of fields that no Kubernetes version knows, as the agent does, instead of refusing them.',
  },
  HELP_FLAG,
];

const ABOUT =
  'Checks Pod manifests in YAML or JSON the way the agent reads them. FILE may be a directory, whose manifests are read as by the agent, or - for standard input. Prints every problem with its place. Exit status 1 when there is an error.';

interface Settings {
  nodeName: string;
  lax: boolean;
}

interface Counts {
  files: number;
  pods: number;
  errors: number;
  warnings: number;
}

/** Resolves to the exit status: 0 or 1. Throws UsageError. */
export async function validateCommand(
  argv: readonly string[],
  io: CliIo,
  stdin: AsyncIterable<Uint8Array> = process.stdin,
): Promise<number> {
  const { flags, positionals } = parseArgs(argv, FLAGS);
  if (flags.has('help')) {
    io.stdout(commandHelp('rower validate FILE... [FLAGS]', ABOUT, FLAGS));
    return 0;
  }
  if (positionals.length === 0) throw new UsageError('name the files to check, or - for standard input');
  const nodeName = flags.get('node-name')?.at(-1) ?? DEFAULT_NODE_NAME;
  if (nodeName === '') throw new UsageError('--node-name must not be empty');
  const settings = { nodeName, lax: flags.has('lax') };
  const counts: Counts = { files: 0, pods: 0, errors: 0, warnings: 0 };
  const firstFiles = new Map<string, string>();
  for (const path of await filesOf(positionals, io)) {
    const result = await check(path, settings, stdin);
    counts.files += 1;
    counts.pods += result.revisions.length;
    for (const problem of [...result.problems, ...duplicates(result, firstFiles)]) {
      const error = problem.severity === 'error' || (problem.unknownField === true && !settings.lax);
      counts[error ? 'errors' : 'warnings'] += 1;
      io.stdout(problemText(path, problem, error));
    }
  }
  io.stdout(summary(counts));
  return counts.errors > 0 ? 1 : 0;
}

/** Directories stand for the manifests in them, in the agent's order. */
async function filesOf(paths: readonly string[], io: CliIo): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const directory =
      path !== STDIN &&
      (await stat(path).then(
        (stats) => stats.isDirectory(),
        () => false,
      ));
    if (!directory) {
      files.push(path);
      continue;
    }
    const names = (await readdir(path)).filter((name) => ignoredName(name) === undefined);
    if (names.length === 0) io.stderr(`rower validate: no manifests in ${path}\n`);
    files.push(...names.sort(byBytes).map((name) => join(path, name)));
  }
  return files;
}

async function check(path: string, settings: Settings, stdin: AsyncIterable<Uint8Array>): Promise<FileResult> {
  const origin = { kind: 'file', location: path } as const;
  const failed = (message: string): FileResult => ({
    origin,
    revisions: [],
    problems: [{ severity: 'error', field: '', message }],
  });
  try {
    if (path === STDIN) return parseManifest(await readAll(stdin), origin, settings);
    const read = await readRegularFile(path, MAX_MANIFEST_BYTES);
    if (read.kind === 'gone') return failed('no such file');
    if (read.kind === 'changing') return failed('the file changed while it was read');
    if (read.kind === 'ignored') return failed(`${read.why}; use - for standard input`);
    if (read.kind === 'error') return failed(read.message);
    const result = parseManifest(read.bytes, origin, settings);
    const why = ignoredName(basename(path));
    if (why === undefined) return result;
    const message = `in a manifest directory the agent would not read this file: ${why}`;
    return { ...result, problems: [{ severity: 'warning', field: '', message }, ...result.problems] };
  } catch (error) {
    return failed(messageOf(error));
  }
}

/** A little more than the limit is enough to be refused for its size. */
async function readAll(stdin: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_MANIFEST_BYTES) break;
  }
  return Buffer.concat(chunks);
}

/** Of two files with one Pod the agent runs the first by path. */
function duplicates(result: FileResult, firstFiles: Map<string, string>): ManifestProblem[] {
  return result.revisions.flatMap(({ key }) => {
    const first = firstFiles.get(key);
    if (first === undefined) firstFiles.set(key, result.origin.location);
    if (first === undefined) return [];
    const message = `Pod ${key} is defined in ${first} too; in one manifest directory the first by path wins`;
    return [{ severity: 'warning', field: 'metadata.name', message }];
  });
}

function problemText(path: string, problem: ManifestProblem, error: boolean): string {
  const { line, column, field, message, excerpt } = problem;
  const place = line === undefined ? path : `${path}:${line}:${column}`;
  const head = `${place}: ${error ? 'error' : 'warning'}: ${field ? `${field}: ` : ''}${message}\n`;
  return excerpt === undefined ? head : `${head}${excerpt.replaceAll(/^/gm, '    ')}\n\n`;
}

function summary({ files, pods, errors, warnings }: Counts): string {
  const found = errors + warnings === 0 ? 'no problems' : `${count(errors, 'error')}, ${count(warnings, 'warning')}`;
  return `${count(files, 'file')}, ${count(pods, 'Pod')}: ${found}\n`;
}

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? '' : 's'}`;
}
