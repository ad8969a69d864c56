/**
 * `rower logs`: reads the log files on this machine, so that all parts of a log are there, and those of Pods whose agent
 * is down.
 */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseDuration } from '../config/duration.ts';
import { SETTINGS } from '../config/settings.ts';
import type { ContainerExplanation, Explanation, PodExplanation } from '../http/explain.ts';
import type { Env } from '../kubelet/env.ts';
import { type LogPlace, logAttempts } from '../kubelet/logs/files.ts';
import { type LogOptions, openLog } from '../kubelet/logs/open-log.ts';
import { type FlagSpec, HELP_FLAG, parseArgs, UsageError } from './args.ts';
import { ask, DEFAULT_SERVER, readServer } from './ask.ts';
import { findPod } from './find-pod.ts';
import { commandHelp } from './help.ts';
import type { CliIo } from './io.ts';
import { spellOut } from './short-flags.ts';

const FLAGS: readonly FlagSpec[] = [
  { name: 'namespace', valueName: 'NAME', help: 'The namespace of the Pod, also -n.', defaultText: 'default' },
  { name: 'container', valueName: 'NAME', help: 'The container, also -c. Needed when there are several.' },
  { name: 'follow', help: 'Go on with what is written from now on, until the container ends, also -f.' },
  { name: 'previous', help: 'The run before the current one, also -p.' },
  { name: 'tail', valueName: 'N', help: 'Only so many of the last lines.' },
  { name: 'since', valueName: 'DURATION', help: 'Only what is not older than this, e.g. 90s or 2h.' },
  { name: 'since-time', valueName: 'TIME', help: 'Only what was written at this time (RFC 3339) or later.' },
  { name: 'timestamps', help: 'Begin each line with its time.' },
  { name: 'limit-bytes', valueName: 'N', help: 'End after so many bytes.' },
  { name: 'stream', valueName: 'NAME', help: 'Only stdout, or only stderr.' },
  { name: 'server', valueName: 'URL', help: 'The status endpoint, also -s.', defaultText: DEFAULT_SERVER },
  {
    name: 'pod-logs-dir',
    valueName: 'DIR',
    help: 'Where to look when the agent does not answer.',
    defaultText: SETTINGS.podLogsDir.default,
  },
  HELP_FLAG,
];
const SHORT = { n: 'namespace', c: 'container', f: 'follow', p: 'previous', s: 'server' };

const ABOUT =
  'Shows the log of a container from its files on this machine, the rotated and compressed ones included. The node name ' +
  'at the end of a Pod may be left out. When the agent is down its log directory is searched.';

/** Resolves to the exit status: 1 when there is no such log. Throws UsageError. */
export async function logsCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const { flags, positionals } = parseArgs(
    argv.map((argument) => spellOut(argument, SHORT)),
    FLAGS,
  );
  if (flags.has('help')) {
    io.stdout(commandHelp('rower logs POD [FLAGS]', ABOUT, FLAGS));
    return 0;
  }
  const { realEnv, jsonLog } = await import('../real-env.ts');
  const env = realEnv(jsonLog(0));
  const [pod, ...rest] = positionals;
  if (pod === undefined) throw new UsageError('say whose logs: rower logs POD');
  if (rest.length > 0) throw new UsageError(`one Pod at a time: ${rest.join(' ')}`);
  const value = (flag: string) => flags.get(flag)?.at(-1);
  const format = readFormat(value, flags, env);
  const wanted: Wanted = {
    pod,
    namespace: value('namespace') ?? 'default',
    container: value('container'),
    previous: flags.has('previous'),
    server: readServer(value('server') ?? DEFAULT_SERVER),
    podLogsDir: value('pod-logs-dir') ?? SETTINGS.podLogsDir.default,
  };
  const found = await find(wanted, io);
  if ('problem' in found) {
    io.stderr(`rower logs: ${found.problem}\n`);
    return 1;
  }
  const follow = flags.has('follow') && { follow: { isRunning: () => isRunning(wanted, found) } };
  try {
    const send = io.send ?? (async (bytes: Uint8Array) => print(io, bytes));
    for await (const chunk of openLog({ env, ...format, ...found.place, ...follow })) {
      if (!(await send(chunk))) break;
    }
  } catch (error) {
    io.stderr(`rower logs: ${(error as Error).message}\n`);
    return 1;
  }
  return 0;
}

function print(io: CliIo, bytes: Uint8Array): boolean {
  io.stdout(Buffer.from(bytes).toString());
  return true;
}

interface Wanted {
  readonly pod: string;
  readonly namespace: string;
  readonly container: string | undefined;
  readonly previous: boolean;
  readonly server: URL;
  readonly podLogsDir: string;
}

interface Found {
  readonly place: LogPlace;
  readonly container: string;
}

type Finding = Found | { readonly problem: string };

function readFormat(
  value: (flag: string) => string | undefined,
  flags: ReadonlyMap<string, readonly string[]>,
  env: Env,
): Omit<LogOptions, 'env' | 'directory' | 'attempt' | 'follow'> {
  const tailLines = count('tail', value('tail'), 0);
  const limitBytes = count('limit-bytes', value('limit-bytes'), 1);
  const sinceMs = readSince(value('since'), value('since-time'), env.nowMs());
  const stream = value('stream');
  if (stream !== undefined && stream !== 'stdout' && stream !== 'stderr')
    throw new UsageError(`--stream ${stream}: must be stdout or stderr`);
  return {
    timestamps: flags.has('timestamps'),
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(sinceMs !== undefined && { sinceMs }),
    ...(stream && { stream }),
  };
}

function count(flag: string, text: string | undefined, min: number): number | undefined {
  // As kubectl: -1 is all of it.
  if (text === undefined || (flag === 'tail' && text === '-1')) return undefined;
  if (/^\d{1,15}$/.test(text) && Number(text) >= min) return Number(text);
  throw new UsageError(`--${flag} ${text}: must be a whole number of at least ${min}`);
}

function readSince(since: string | undefined, time: string | undefined, nowMs: number): number | undefined {
  if (since !== undefined && time !== undefined)
    throw new UsageError('--since and --since-time together make no sense');
  if (since !== undefined) {
    const durationMs = parseDuration(since);
    if (durationMs === undefined || durationMs <= 0)
      throw new UsageError(`--since ${since}: must be a duration such as 90s or 2h`);
    return nowMs - durationMs;
  }
  if (time === undefined) return undefined;
  const atMs = /^\d{4}-\d\d-\d\dT/.test(time) ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(atMs)) throw new UsageError(`--since-time ${time}: must be a time such as 2026-01-31T08:30:00Z`);
  return atMs;
}

async function find(wanted: Wanted, io: CliIo): Promise<Finding> {
  const explanation = await asked(wanted.server);
  if (explanation) {
    const pod = findPod(explanation, wanted.namespace, wanted.pod);
    return pod ? ofPod(pod, wanted) : { problem: `there is no Pod ${wanted.pod} in namespace ${wanted.namespace}` };
  }
  io.stderr(`rower logs: the agent does not answer at ${wanted.server.origin}; looking in ${wanted.podLogsDir}\n`);
  return inDirectory(wanted);
}

async function asked(server: URL): Promise<Explanation | undefined> {
  try {
    const answer = await ask(server, ['rower', 'v1', 'explain']);
    return answer.status === 200 ? (JSON.parse(answer.body) as Explanation) : undefined;
  } catch {
    return undefined;
  }
}

function ofPod(pod: PodExplanation, { container, previous }: Wanted): Finding {
  const chosen = choose(
    pod.containers.map((one) => one.name),
    pod.containers.filter((one) => one.kind !== 'init').map((one) => one.name),
    container,
    pod.name,
  );
  if (typeof chosen !== 'string') return chosen;
  const { log, previousLog } = pod.containers.find((one) => one.name === chosen) as ContainerExplanation;
  const place = previous ? previousLog : log;
  if ('problem' in place) return place;
  return { place: placeOf(place.file), container: chosen };
}

/** `/…/web/3.log` */
function placeOf(file: string): LogPlace {
  return { directory: dirname(file), attempt: Number.parseInt(basename(file), 10) };
}

/** The one that is named, or the only one; `likely` when the others are of little interest. */
function choose(
  all: readonly string[],
  likely: readonly string[],
  wanted: string | undefined,
  pod: string,
): string | { readonly problem: string } {
  if (wanted !== undefined)
    return all.includes(wanted)
      ? wanted
      : { problem: `container ${wanted} is not valid for pod ${pod}: there are ${all.join(', ')}` };
  const [only, ...more] = likely;
  if (only !== undefined && more.length === 0) return only;
  return { problem: `a container name must be specified for pod ${pod}, choose one of: [${all.join(' ')}]` };
}

/** By the names of the log directories, `<namespace>_<pod>_<uid>`; of several the one written to last. */
async function inDirectory({ podLogsDir, namespace, pod, container, previous }: Wanted): Promise<Finding> {
  let names: string[];
  try {
    names = readdirSync(podLogsDir);
  } catch (error) {
    return { problem: (error as Error).message };
  }
  const name = pod.replace(/^pods?\//, '');
  const matching = names.filter((one) => {
    const [of, full = ''] = one.split('_');
    return of === namespace && (full === name || full.startsWith(`${name}-`));
  });
  // An exact name wins over one with the name of a node behind it.
  const exact = matching.filter((one) => one.split('_')[1] === name);
  const [newest] = (exact.length > 0 ? exact : matching)
    .map((one) => join(podLogsDir, one))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (newest === undefined)
    return { problem: `there is no log of a Pod ${name} in namespace ${namespace} in ${podLogsDir}` };
  const containers = readdirSync(newest);
  const chosen = choose(containers, containers, container, name);
  if (typeof chosen !== 'string') return chosen;
  const directory = join(newest, chosen);
  const attempt = (await logAttempts(directory))[previous ? 1 : 0];
  if (attempt === undefined) return { problem: `there is no ${previous ? 'previous ' : ''}log in ${directory}` };
  return { place: { directory, attempt }, container: chosen };
}

/** Without an agent to ask it is taken to run on. */
async function isRunning(wanted: Wanted, { place, container }: Found): Promise<boolean> {
  const explanation = await asked(wanted.server);
  if (!explanation) return true;
  const pod = findPod(explanation, wanted.namespace, wanted.pod);
  const now = pod?.containers.find((one) => one.name === container);
  if (now?.state !== 'running' || !('file' in now.log)) return false;
  return dirname(now.log.file) === place.directory && placeOf(now.log.file).attempt === place.attempt;
}
