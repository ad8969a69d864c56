/** `rower verify`: who signed a manifest, by the rules of the agent. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readYaml } from '../kubelet/manifest/yaml.ts';
import { readDirectives } from '../metadata/ingest/directives.ts';
import { at, textAt } from '../metadata/ingest/record.ts';
import { SIGNATURE_SUFFIXES, splitSigned, verifyAny } from '../metadata/ingest/signatures.ts';
import { readAllowedSigners } from '../metadata/ingest/ssh-signature.ts';
import { Refusal } from '../metadata/ingest/types.ts';
import { machineAt } from '../metadata/machine.ts';
import { readKeys, TRUST_DIRECTORY } from '../metadata/trust.ts';
import { jsonLog, realEnv } from '../real-env.ts';
import { type FlagSpec, HELP_FLAG, parseArgs, UsageError } from './args.ts';
import { commandHelp } from './help.ts';
import type { CliIo } from './io.ts';
import { readText } from './sign.ts';

const FLAGS: readonly FlagSpec[] = [
  {
    name: 'trust',
    valueName: 'DIR',
    help: 'The keys that may sign: allowed_signers, minisign/NAME.pub and cosign/NAME.pub in this directory.',
    defaultText: TRUST_DIRECTORY,
  },
  {
    name: 'allowed-signers',
    valueName: 'FILE',
    help: 'The keys of SSH that may sign, in the form of ssh-keygen(1), instead of those in the directory.',
  },
  {
    name: 'signature',
    valueName: 'FILE',
    help: 'The signature, when it is neither at the end of the manifest nor beside it as FILE.sig, FILE.minisig or FILE.sigstore.json.',
  },
  HELP_FLAG,
];
const ABOUT =
  'Says who signed each manifest FILE. Exit status 1 when a signature is missing, is not of this content, or is by a key that may not sign.';

/** Resolves to the exit status: 0 or 1. Throws UsageError. */
export async function verifyCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const { flags, positionals } = parseArgs(argv, FLAGS);
  if (flags.has('help')) {
    io.stdout(commandHelp('rower verify [FLAGS] FILE...', ABOUT, FLAGS));
    return 0;
  }
  const given = flags.get('signature')?.at(-1);
  if (positionals.length === 0) throw new UsageError('name the files to verify');
  if (given !== undefined && positionals.length > 1) throw new UsageError('--signature is of one file: name one');
  const directory = flags.get('trust')?.at(-1) ?? TRUST_DIRECTORY;
  const read = await readKeys(machineAt('/'), resolve(directory));
  const allowed = flags.get('allowed-signers')?.at(-1);
  const own = allowed === undefined ? undefined : readAllowedSigners(await readText(allowed));
  const keys = own ? { ...read.keys, ssh: own.signers } : read.keys;
  const problems = [
    ...read.problems.filter((one) => !own || !one.startsWith('allowed_signers')),
    ...(own?.problems ?? []),
  ];
  for (const problem of problems) io.stderr(`rower verify: ${problem}\n`);
  if (Object.values(keys).every((list) => list.length === 0))
    throw new UsageError(
      `there is no key in ${allowed ?? directory}: name the keys with --trust DIR or --allowed-signers FILE`,
    );
  const nowMs = realEnv(jsonLog(0)).nowMs();
  let status = 0;
  for (const file of positionals) {
    try {
      const { content, signature } = await signedFile(file, given);
      const signer = verifyAny(content, signature, keys, nowMs);
      const claims = claimsOf(content.toString('utf8'));
      io.stdout(`${file}: signed by ${signer}${claims}\n`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      io.stderr(`rower verify: ${file}: ${error.message}\n`);
      status = 1;
    }
  }
  return status;
}

/** `, serial 7`: what it says of where and when it is to be taken. Throws Refusal. */
function claimsOf(text: string): string {
  const directives = readDirectives(text);
  const annotations = readYaml(text).documents.map(({ value }) => at(value, 'metadata', 'annotations'));
  const said = (name: string, first: string | undefined) => {
    const texts = [first, ...annotations.map((one) => textAt(one, `rower.dev/${name}`))].filter(Boolean);
    return texts.length === 0 ? '' : `, ${name} ${[...new Set(texts)].join(' and ')}`;
  };
  const { serial, audience, notAfterMs } = directives;
  const until = notAfterMs === undefined ? undefined : new Date(notAfterMs).toISOString();
  return [said('serial', serial?.toString()), said('not-after', until), said('audience', audience?.join())].join('');
}

/** Throws Refusal when there is no signature, UsageError when a file that was named cannot be read. */
async function signedFile(file: string, given: string | undefined): Promise<{ content: Buffer; signature: string }> {
  const text = await readText(file);
  if (given !== undefined) return { content: Buffer.from(text), signature: await readText(given) };
  const { content, signature } = splitSigned(text);
  if (signature !== undefined) return { content: Buffer.from(content), signature };
  for (const suffix of SIGNATURE_SUFFIXES) {
    const beside = await readFile(`${file}${suffix}`, 'utf8').catch(() => undefined);
    if (beside !== undefined) return { content: Buffer.from(text), signature: beside };
  }
  throw new Refusal('is not signed, or the signature is not at its end: rower sign --key KEY FILE');
}
