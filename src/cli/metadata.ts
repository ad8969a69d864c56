/** `rower metadata`: what this machine is given by its cloud, and why. Runs nothing. */
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { nodeNameOf } from '../config/hostname.ts';
import { SETTINGS } from '../config/settings.ts';
import type { Log } from '../kubelet/env.ts';
import { messageOf } from '../kubelet/sources/regular-file.ts';
import { problemText } from '../metadata/ingest/ingest.ts';
import { type Machine, machineAt } from '../metadata/machine.ts';
import { OWN_PREFIX } from '../metadata/manifests.ts';
import { type Obtained, obtain } from '../metadata/obtain.ts';
import { MetadataError } from '../metadata/provider.ts';
import { PROVIDERS } from '../metadata/providers.ts';
import { type Candidate, type Check, detect, parseSelection, SelectionError } from '../metadata/select.ts';
import { SERIALS_FILE } from '../metadata/serials.ts';
import { TRUST_DIRECTORY, type TrustMode } from '../metadata/trust.ts';
import { realEnv } from '../real-env.ts';
import { type FlagSpec, HELP_FLAG, parseArgs, UsageError } from './args.ts';
import { commandHelp } from './help.ts';
import type { CliIo } from './io.ts';

const STDOUT = '-';
const DEFAULT_MANIFEST_DIRECTORY = '/etc/pods';

const MODES: readonly TrustMode[] = ['off', 'warn', 'require'];

const FLAGS: readonly FlagSpec[] = [
  {
    name: 'metadata',
    valueName: 'PROVIDERS',
    help: 'auto: the first that fits this machine; or NAME[=ARGUMENT], several with commas between.',
    defaultText: 'auto',
  },
  {
    name: 'host-root',
    valueName: 'DIR',
    help: 'Read firmware strings, kernel command line, devices and files below DIR, for images and tests.',
    defaultText: '/',
  },
  {
    name: 'metadata-trust',
    valueName: MODES.join('|'),
    help: `Manifests that no key in ${TRUST_DIRECTORY} has signed are taken, taken with a warning, or refused.`,
    defaultText: 'off',
  },
  {
    name: 'root-dir',
    valueName: 'DIR',
    help: "The agent's directory, which knows the serials of signed manifests that were taken. It is only read.",
    defaultText: SETTINGS.rootDir.default,
  },
  { name: 'endpoint', valueName: 'URL', help: "Ask http://HOST[:PORT] instead of the provider's own addresses." },
  {
    name: 'output',
    valueName: 'DIR',
    help: 'fetch: write the manifests into DIR; - is standard output.',
    defaultText: STDOUT,
  },
  {
    name: 'node-name',
    valueName: 'NAME',
    help: 'The machine whose name is added to those of the Pods. Default: the host name.',
  },
  {
    name: 'pod-manifest-path',
    valueName: 'DIR',
    help: 'The only directory into which write_files of a #cloud-config may go.',
    defaultText: DEFAULT_MANIFEST_DIRECTORY,
  },
  HELP_FLAG,
];

const ABOUT =
  'Shows what this machine is given by its cloud. explain says what was looked at, asked, taken and refused, and why. ' +
  `fetch writes the resulting manifests. Nothing is run. Providers: ${PROVIDERS.map(({ name }) => name).join(', ')}. ` +
  'Exit status 1 when the metadata cannot be had or is refused.';

/** Resolves to the exit status: 0 or 1. Throws UsageError. */
export async function metadataCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const { flags, positionals } = parseArgs(argv, FLAGS);
  if (flags.has('help')) {
    io.stdout(commandHelp('rower metadata explain|fetch [FLAGS]', ABOUT, FLAGS));
    return 0;
  }
  const [action, ...rest] = positionals;
  if ((action !== 'explain' && action !== 'fetch') || rest.length > 0) throw new UsageError('say explain or fetch');
  const flag = (name: string, fallback: string) => flags.get(name)?.at(-1) ?? fallback;
  const machine = machineAt(flag('host-root', '/'), io.env);
  const { checks, chosen } = await detect(selectionOf(flag('metadata', 'auto')), machine);
  const explain = action === 'explain';
  if (explain) io.stdout(checksText(checks) + (await firmwareText(machine)));
  if (!chosen) {
    const text = `no provider fits this machine: it is given nothing. One that does all the same is named with --metadata NAME; Pods may stand in ${DEFAULT_MANIFEST_DIRECTORY} too\n`;
    if (explain) io.stdout(text);
    else io.stderr(`rower metadata: ${text}`);
    return explain ? 0 : 1;
  }
  const trust = MODES.find((mode) => mode === flag('metadata-trust', 'off'));
  if (!trust) throw new UsageError(`--metadata-trust must be one of ${MODES.join(', ')}`);
  const endpoint = flags.get('endpoint')?.at(-1);
  let obtained: Obtained;
  try {
    obtained = await obtain({
      candidate: chosen,
      machine,
      nodeName: flags.get('node-name')?.at(-1) ?? ownName(os.hostname()),
      manifestDirectory: flag('pod-manifest-path', DEFAULT_MANIFEST_DIRECTORY),
      serialsFile: machine.path(join(flag('root-dir', SETTINGS.rootDir.default), 'metadata', SERIALS_FILE)),
      trust,
      env: realEnv(SILENT),
      signal: new AbortController().signal,
      ...(endpoint !== undefined && { endpoint }),
    });
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    io.stderr(`rower metadata: ${chosen.provider.name}: ${error.message}\n`);
    if (error.kind === 'unreachable') io.stderr(UNREACHABLE);
    return 1;
  }
  if (explain) io.stdout(obtainedText(obtained, chosen));
  else await writeOut(obtained, flag('output', STDOUT), io);
  return obtained.outcome === 'refused' ? 1 : 0;
}

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Early in a boot the kernel's name is `(none)`: Pods are only checked here, so any name will do. */
export function ownName(host: string): string {
  try {
    return nodeNameOf(host);
  } catch {
    return 'localhost';
  }
}

function selectionOf(text: string) {
  try {
    return parseSelection(text);
  } catch (error) {
    if (error instanceof SelectionError) throw new UsageError(error.message);
    throw error;
  }
}

function checksText(checks: readonly Check[]): string {
  const width = Math.max(0, ...checks.map(({ candidate }) => candidate.provider.name.length));
  let taken = false;
  const lines = checks.map(({ candidate, reason }) => {
    const name = candidate.provider.name.padEnd(width);
    if (reason === undefined) return `  ${name}  no`;
    const mark = taken ? 'yes, but another goes before it' : 'yes';
    taken = true;
    return `  ${name}  ${mark}: ${reason}`;
  });
  return `${['looked at:', ...lines].join('\n')}\n`;
}

/** What most detections go by. */
async function firmwareText(machine: Machine): Promise<string> {
  const names = ['sys_vendor', 'product_name', 'chassis_asset_tag'];
  const values = await Promise.all(names.map((name) => machine.dmi(name)));
  const known = names.flatMap((name, index) => (values[index] ? [`${name} ${JSON.stringify(values[index])}`] : []));
  return `firmware: ${known.join(', ') || 'does not say what this machine is'}\n`;
}

function obtainedText(
  { provider, payload, outcome, instanceId, attributes, files, problems }: Obtained,
  { argument }: Candidate,
): string {
  // A URL may hold a password.
  const what = argument === undefined || !argument.startsWith('/') ? '' : ` (${argument})`;
  const lines = [`asked: ${provider}${what}`];
  if (instanceId !== undefined) lines.push(`instance: ${instanceId}`);
  for (const [key, value] of Object.entries(attributes).sort()) lines.push(`  ${key} = ${value}`);
  lines.push(`user-data: ${OUTCOMES[outcome]}${payload === undefined ? '' : ` (${payload})`}`);
  for (const { name, pods, documents, signer } of files) {
    const more = documents === 0 ? '' : ` and ${documents} other ${documents === 1 ? 'document' : 'documents'}`;
    const by = signer === undefined ? '' : `, signed by ${signer}`;
    lines.push(`  ${OWN_PREFIX}${name}: ${pods} ${pods === 1 ? 'Pod' : 'Pods'}${more}${by}`);
  }
  for (const problem of problems) lines.push(`${problem.severity}: ${problemText(problem)}`);
  return `${lines.join('\n')}\n`;
}

const OUTCOMES: Readonly<Record<Obtained['outcome'], string>> = {
  files: 'taken',
  nothing: 'it wants no Pods',
  empty: 'it is there and empty: no Pods from it',
  absent: 'there is none: give this machine a manifest as its user-data, if it is to have Pods from there',
  refused: 'refused, nothing of it is used',
};

const UNREACHABLE =
  'The agent asks again until there is an answer, and runs what it ran before. Is the network up, and is this the cloud of this machine?\n';

async function writeOut({ files, problems, outcome }: Obtained, output: string, io: CliIo): Promise<void> {
  for (const problem of problems) io.stderr(`rower metadata: ${problem.severity}: ${problemText(problem)}\n`);
  if (outcome !== 'files') {
    io.stderr(`rower metadata: user-data: ${OUTCOMES[outcome]}\n`);
    return;
  }
  if (output === STDOUT) {
    for (const { text } of files)
      io.stdout(`${text.startsWith('---') ? '' : '---\n'}${text}${text.endsWith('\n') ? '' : '\n'}`);
    return;
  }
  try {
    await mkdir(output, { recursive: true });
    for (const { name, text } of files) await writeFile(join(output, `${OWN_PREFIX}${name}`), text, { mode: 0o600 });
  } catch (error) {
    throw new UsageError(`cannot write into ${output}: ${messageOf(error)}`);
  }
}
