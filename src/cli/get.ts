/** `rower get`: what the status endpoint tells, as `kubectl get` would print it, where kubectl is not at hand. */
import http from 'node:http';
import { RESOURCES, type Resource } from '../http/resources.ts';
import { type FlagSpec, HELP_FLAG, parseArgs, UsageError } from './args.ts';
import { type KubeObject, nameText, objectJson, objectYaml, type Table, tableText } from './get-print.ts';
import { commandHelp } from './help.ts';
import type { CliIo } from './io.ts';

const DEFAULT_SERVER = 'http://127.0.0.1:10255';
const ANSWER_LIMIT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const TABLE_TYPE = 'application/json;as=Table;g=meta.k8s.io;v=v1';
const OUTPUTS = ['wide', 'json', 'yaml', 'name'] as const;

type Output = 'table' | (typeof OUTPUTS)[number];

const FLAGS: readonly FlagSpec[] = [
  { name: 'namespace', valueName: 'NAME', help: 'The namespace to look in, also -n.', defaultText: 'default' },
  { name: 'all-namespaces', help: 'Look in every namespace, also -A.' },
  { name: 'output', valueName: 'FORMAT', help: 'wide, json, yaml or name, also -o.' },
  { name: 'selector', valueName: 'LABELS', help: 'Only what carries these labels, e.g. app=web,tier!=back, also -l.' },
  { name: 'server', valueName: 'URL', help: 'The status endpoint, also -s.', defaultText: DEFAULT_SERVER },
  HELP_FLAG,
];

const SHORT: Readonly<Record<string, string>> = {
  n: '--namespace',
  A: '--all-namespaces',
  o: '--output',
  l: '--selector',
  s: '--server',
};

interface Wanted {
  resource: Resource;
  name: string | undefined;
  /** Empty: all. */
  namespace: string;
  output: Output;
  selector: string;
  server: URL;
}

/** Resolves to the exit status: 1 when the endpoint is away or says no. Throws UsageError. */
export async function getCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const { flags, positionals } = parseArgs(argv.map(spellOut), FLAGS);
  if (flags.has('help')) {
    io.stdout(commandHelp('rower get pods [NAME] [FLAGS]', ABOUT, FLAGS));
    return 0;
  }
  const wanted = readWanted(flags, positionals);
  let answer: Answer;
  try {
    answer = await request(wanted);
  } catch (error) {
    const { message } = error as Error;
    io.stderr(
      `rower get: no answer from ${wanted.server.origin}: ${message}. Is the agent running? See rower run, and --server for another address.\n`,
    );
    return 1;
  }
  const body = readBody(answer);
  if (answer.status !== 200 || !isExpected(body, wanted.output)) {
    io.stderr(`${serverError(answer.status, body)}\n`);
    return 1;
  }
  const { stdout, stderr = '' } = render(wanted, body);
  if (stderr) io.stderr(stderr);
  io.stdout(stdout);
  return 0;
}

const ABOUT =
  'Shows the Pods of the agent that runs on this machine, in the words and columns of kubectl. ' +
  'Nodes, namespaces and events can be asked for in the same way.';

/** `-n x`, `-n=x` and `-nx` as the long flag. */
function spellOut(argument: string): string {
  const [, letter = '', value = ''] = /^-([A-Za-z])(.*)$/s.exec(argument) ?? [];
  const long = SHORT[letter];
  if (!long) return argument;
  return value === '' ? long : `${long}=${value.replace(/^=/, '')}`;
}

function readWanted(flags: ReadonlyMap<string, readonly string[]>, positionals: readonly string[]): Wanted {
  const [kind, name, ...rest] = positionals;
  const value = (flag: string) => flags.get(flag)?.at(-1) ?? '';
  if (kind === undefined) throw new UsageError('say what to get: rower get pods');
  const resource = Object.values(RESOURCES).find((one) => [one.name, one.singular, ...one.shortNames].includes(kind));
  if (!resource) throw new UsageError(`unknown kind ${kind}: there are ${Object.keys(RESOURCES).join(', ')}`);
  if (rest.length > 0) throw new UsageError(`one name at a time: ${rest.join(' ')}`);
  if (name !== undefined && flags.has('all-namespaces'))
    throw new UsageError('a name needs a namespace: -n instead of -A');
  if (name !== undefined && value('selector')) throw new UsageError('a name and a selector together make no sense');
  const output = value('output') || 'table';
  if (output !== 'table' && !OUTPUTS.some((one) => one === output)) {
    throw new UsageError(`unknown output format ${output}: there are ${OUTPUTS.join(', ')}`);
  }
  const everywhere = flags.has('all-namespaces') || !resource.namespaced;
  return {
    resource,
    name,
    namespace: everywhere ? '' : value('namespace') || 'default',
    output: output as Output,
    selector: value('selector'),
    server: readServer(value('server') || DEFAULT_SERVER),
  };
}

function readServer(text: string): URL {
  const server = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (server?.protocol !== 'http:') throw new UsageError(`--server ${text}: must be like ${DEFAULT_SERVER}`);
  return server;
}

interface Answer {
  status: number;
  body: string;
}

/** Rejects with a short reason when there is no whole answer. */
function request({ resource, name, namespace, output, selector, server }: Wanted): Promise<Answer> {
  const parts = [
    'api',
    'v1',
    ...(namespace ? ['namespaces', namespace] : []),
    resource.name,
    ...(name === undefined ? [] : [name]),
  ];
  const query = selector ? `?${new URLSearchParams({ labelSelector: selector })}` : '';
  const asTable = output === 'table' || output === 'wide';
  return new Promise((resolve, reject) => {
    const call = http.request(
      new URL(`/${parts.map(encodeURIComponent).join('/')}${query}`, server),
      { headers: { Accept: asTable ? TABLE_TYPE : 'application/json' }, timeout: ANSWER_LIMIT_MS, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_ANSWER_BYTES) call.destroy(new Error('the answer is too long'));
          else chunks.push(chunk);
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
        response.on('error', reject);
      },
    );
    call.on('timeout', () => call.destroy(new Error(`nothing within ${ANSWER_LIMIT_MS / 1000} s`)));
    call.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ECONNREFUSED' ? new Error('connection refused') : error),
    );
    call.end();
  });
}

/** Nothing when it is not JSON. */
function readBody({ body }: Answer): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** A Table for a table; a list or an object of the API otherwise. */
function isExpected(body: unknown, output: Output): boolean {
  if (typeof body !== 'object' || body === null || !('kind' in body)) return false;
  const isTable =
    'rows' in body && Array.isArray(body.rows) && 'columnDefinitions' in body && Array.isArray(body.columnDefinitions);
  return output === 'table' || output === 'wide' ? isTable : 'metadata' in body;
}

function serverError(status: number, body: unknown): string {
  if (typeof body === 'object' && body !== null && 'message' in body && 'reason' in body) {
    return `Error from server (${body.reason}): ${body.message}`;
  }
  return `Error from server: HTTP ${status} with something unexpected: is this the status endpoint of rower?`;
}

function render(wanted: Wanted, body: unknown): { stdout: string; stderr?: string } {
  const { resource, namespace, output } = wanted;
  switch (output) {
    case 'json':
      return { stdout: objectJson(body as KubeObject) };
    case 'yaml':
      return { stdout: objectYaml(body as KubeObject) };
    case 'name':
      return { stdout: nameText(body as KubeObject, resource.singular) };
    default: {
      const table = body as Table;
      const place = namespace ? ` in ${namespace} namespace.` : '';
      if (table.rows.length === 0) return { stdout: '', stderr: `No resources found${place}\n` };
      const withNamespace = resource.namespaced && namespace === '';
      return { stdout: tableText(table, { wide: output === 'wide', withNamespace }) };
    }
  }
}
