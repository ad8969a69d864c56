/** `rower validate`: what the agent would say of manifests, before it is given them. Same code, same words. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import process from 'node:process';
import { readImagePolicy } from '../config/image-policy.ts';
import { loadConfig } from '../config/load.ts';
import {
  type ConfigDocument,
  type DocumentKey,
  type Documents,
  documentKey,
  NO_DOCUMENTS,
} from '../kubelet/documents.ts';
import { type ImagePolicy, refusalOf } from '../kubelet/images/policy.ts';
import { parseManifest } from '../kubelet/manifest/parse.ts';
import type { MachineRules } from '../kubelet/manifest/rules/policy.ts';
import { MAX_MANIFEST_BYTES } from '../kubelet/manifest/text.ts';
import { policyOf } from '../kubelet/node-facts.ts';
import { byBytes, ignoredName } from '../kubelet/sources/manifest-name.ts';
import { messageOf, readRegularFile } from '../kubelet/sources/regular-file.ts';
import type { FileResult, ManifestProblem } from '../kubelet/sources/source.ts';
import { type FlagSpec, HELP_FLAG, type ParsedArgs, parseArgs, UsageError } from './args.ts';
import { commandHelp } from './help.ts';
import type { CliIo } from './io.ts';
import { readConfig } from './run.ts';
import { CONFIG_FLAG, POLICY_FLAGS } from './run-flags.ts';

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
    name: 'image-policy',
    valueName: 'FILE',
    help: 'Say which images this ImagePolicy refuses by their names; signatures are looked at before a pull only.',
  },
  {
    name: 'lax',
    help: 'Warn of fields that no Kubernetes version knows, as the agent does, instead of refusing them.',
  },
  {
    ...CONFIG_FLAG,
    help: "The machine's KubeletConfiguration: what it forbids is an error then. Without it, and without the flags below that rower run has too, what the default settings forbid is a warning.",
  },
  ...POLICY_FLAGS,
  HELP_FLAG,
];

const ABOUT =
  'Checks Pod manifests in YAML or JSON the way the agent reads them. FILE may be a directory, whose manifests are read as by the agent, or - for standard input. Prints every problem with its place. ConfigMaps, Secrets and claims that Pods name and none of the files has are warned of. Exit status 1 when there is an error.';

interface Settings {
  nodeName: string;
  lax: boolean;
  machine: MachineRules;
}

/** What is in a file, or why it cannot be read. */
type Content = { bytes: Uint8Array } | { failed: string };

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
  const settings = readSettings(flags);
  const contents = new Map<string, Content>();
  for (const path of await filesOf(positionals, io)) contents.set(path, await read(path, stdin));
  const machine = { ...settings.machine, documents: documentsOf(contents, settings) };
  const imagePolicy = await imagePolicyOf(flags.get('image-policy')?.at(-1));
  const counts: Counts = { files: 0, pods: 0, errors: 0, warnings: 0 };
  const firstFiles = new Map<string, string>();
  for (const [path, content] of contents) {
    const result = check(path, content, { ...settings, machine });
    counts.files += 1;
    counts.pods += result.revisions.length;
    for (const problem of [
      ...result.problems,
      ...refusedImages(result, imagePolicy),
      ...duplicates(result, firstFiles),
    ]) {
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

/** Throws UsageError, and ConfigError for what is wrong with the configuration. */
function readSettings(flags: ParsedArgs['flags']): Settings {
  const nodeName = flags.get('node-name')?.at(-1) ?? DEFAULT_NODE_NAME;
  if (nodeName === '') throw new UsageError('--node-name must not be empty');
  const { config } = loadConfig({
    flags,
    readFile: readConfig,
    workingDirectory: process.cwd(),
    hostname: DEFAULT_NODE_NAME,
  });
  const sure = [CONFIG_FLAG, ...POLICY_FLAGS].some(({ name }) => flags.has(name));
  const machine = {
    policy: policyOf(config),
    runtimeClasses: config.runtimeClasses,
    sure,
    documents: NO_DOCUMENTS,
  };
  return { nodeName, lax: flags.has('lax'), machine };
}

/** Those of all the files, the first of each name as the agent takes them. */
function documentsOf(contents: ReadonlyMap<string, Content>, { nodeName }: Settings): Documents {
  const documents = new Map<DocumentKey, ConfigDocument>();
  for (const [location, content] of contents) {
    const parsed = 'bytes' in content && parseManifest(content.bytes, { kind: 'file', location }, { nodeName });
    for (const document of (parsed || undefined)?.documents ?? []) {
      const key = documentKey(document.kind, document.namespace, document.name);
      if (!documents.has(key)) documents.set(key, document);
    }
  }
  return documents;
}

async function read(path: string, stdin: AsyncIterable<Uint8Array>): Promise<Content> {
  try {
    if (path === STDIN) return { bytes: await readAll(stdin) };
    const found = await readRegularFile(path, MAX_MANIFEST_BYTES);
    if (found.kind === 'gone') return { failed: 'no such file' };
    if (found.kind === 'changing') return { failed: 'the file changed while it was read' };
    if (found.kind === 'ignored') return { failed: `${found.why}; use - for standard input` };
    if (found.kind === 'error') return { failed: found.message };
    return { bytes: found.bytes };
  } catch (error) {
    return { failed: messageOf(error) };
  }
}

function check(path: string, content: Content, settings: Settings): FileResult {
  const origin = { kind: 'file', location: path } as const;
  if ('failed' in content)
    return { origin, revisions: [], problems: [{ severity: 'error', field: '', message: content.failed }] };
  const result = parseManifest(content.bytes, origin, settings);
  const why = path === STDIN ? undefined : ignoredName(basename(path));
  if (why === undefined) return result;
  const message = `in a manifest directory the agent would not read this file: ${why}`;
  return { ...result, problems: [{ severity: 'warning', field: '', message }, ...result.problems] };
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

async function imagePolicyOf(file: string | undefined): Promise<ImagePolicy | undefined> {
  if (file === undefined) return undefined;
  const policy = await readImagePolicy(file);
  if (!policy) throw new UsageError(`there is no file ${file}`);
  return policy;
}

function refusedImages({ revisions }: FileResult, policy: ImagePolicy | undefined): ManifestProblem[] {
  if (!policy) return [];
  return revisions.flatMap(({ pod: { metadata, spec } }) => {
    const containers = (['initContainers', 'containers'] as const).flatMap((list) =>
      (spec[list] ?? []).map(({ image }, index) => ({ image, field: `spec.${list}[${index}].image` })),
    );
    const volumes = (spec.volumes ?? []).map((volume, index) => ({
      image: volume.image?.reference ?? '',
      field: `spec.volumes[${index}].image.reference`,
    }));
    return [...containers, ...volumes].flatMap(({ image, field }) => {
      const message = image === '' ? undefined : refusalOf(policy, image);
      return message === undefined
        ? []
        : [{ severity: 'error' as const, field: `Pod ${metadata.name}: ${field}`, message }];
    });
  });
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
