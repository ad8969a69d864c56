/** `rower explain`: what runs, what waits and what comes next, in words. */
import type { Explanation } from '../http/explain.ts';
import { type FlagSpec, HELP_FLAG, parseArgs, UsageError } from './args.ts';
import { type Answer, ask, DEFAULT_SERVER, readServer, refusal } from './ask.ts';
import { explanationText } from './explain-print.ts';
import { findPod } from './find-pod.ts';
import { commandHelp } from './help.ts';
import type { CliIo } from './io.ts';
import { spellOut } from './short-flags.ts';

const FLAGS: readonly FlagSpec[] = [
  { name: 'namespace', valueName: 'NAME', help: 'The namespace of the Pod, also -n.', defaultText: 'default' },
  { name: 'output', valueName: 'FORMAT', help: 'json: the whole answer as it came, also -o.' },
  { name: 'server', valueName: 'URL', help: 'The status endpoint, also -s.', defaultText: DEFAULT_SERVER },
  HELP_FLAG,
];

const ABOUT =
  'Shows for each Pod, or for one, what runs, what is being done, what waits, until when and why, and what is done next; ' +
  'and what is wrong with manifests and with the container runtime. The node name at the end of a Pod may be left out.';

/** Resolves to the exit status: 1 when the endpoint is away or knows no such Pod. Throws UsageError. */
export async function explainCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const { flags, positionals } = parseArgs(
    argv.map((argument) => spellOut(argument, { n: 'namespace', o: 'output', s: 'server' })),
    FLAGS,
  );
  if (flags.has('help')) {
    io.stdout(commandHelp('rower explain [POD] [FLAGS]', ABOUT, FLAGS));
    return 0;
  }
  const [name, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError(`one Pod at a time: ${rest.join(' ')}`);
  const output = flags.get('output')?.at(-1);
  if (output !== undefined && output !== 'json') throw new UsageError(`unknown output format ${output}: there is json`);
  const server = readServer(flags.get('server')?.at(-1) ?? DEFAULT_SERVER);
  let answer: Answer;
  try {
    answer = await ask(server, ['rower', 'v1', 'explain']);
  } catch (error) {
    io.stderr(
      `rower explain: no answer from ${server.origin}: ${(error as Error).message}. Is the agent running? See rower run, and --server for another address.\n`,
    );
    return 1;
  }
  if (answer.status !== 200) {
    io.stderr(`${refusal(answer)}\n`);
    return 1;
  }
  const explanation = JSON.parse(answer.body) as Explanation;
  const namespace = flags.get('namespace')?.at(-1) ?? 'default';
  const pod = name === undefined ? undefined : findPod(explanation, namespace, name);
  if (name !== undefined && !pod) {
    io.stderr(`rower explain: there is no Pod ${name} in namespace ${namespace}; rower get pods -A shows all\n`);
    return 1;
  }
  const shown = pod ? { ...explanation, pods: [pod] } : explanation;
  io.stdout(output === 'json' ? `${JSON.stringify(shown, undefined, 2)}\n` : explanationText(shown));
  return 0;
}
