/** `rower sign` and `rower verify`: signatures of manifests, by the keys people have: those of SSH. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { messageOf } from '../kubelet/sources/regular-file.ts';
import {
  NAMESPACE,
  readAllowedSigners,
  signatureComment,
  splitSigned,
  verifySignature,
} from '../metadata/ingest/ssh-signature.ts';
import { Refusal } from '../metadata/ingest/types.ts';
import { ALLOWED_SIGNERS } from '../metadata/trust.ts';
import { jsonLog, realEnv } from '../real-env.ts';
import { type FlagSpec, HELP_FLAG, parseArgs, UsageError } from './args.ts';
import { commandHelp } from './help.ts';
import type { CliIo } from './io.ts';

const SIGN_FLAGS: readonly FlagSpec[] = [
  { name: 'key', valueName: 'FILE', help: 'The private SSH key, or its public half when an agent has it.' },
  HELP_FLAG,
];
const SIGN_ABOUT = `Prints the manifest FILE with a signature at its end, in comments: everything that reads YAML still reads it. ssh-keygen makes it, with the namespace ${NAMESPACE}. A signature that is there already is replaced. Metadata may be all of one file, so each manifest is signed by itself.`;

const VERIFY_FLAGS: readonly FlagSpec[] = [
  {
    name: 'allowed-signers',
    valueName: 'FILE',
    help: 'The keys that may sign, in the form of ssh-keygen(1).',
    defaultText: ALLOWED_SIGNERS,
  },
  HELP_FLAG,
];
const VERIFY_ABOUT =
  'Says who signed each manifest FILE. Exit status 1 when a signature is missing, is not of this content, or is by a key that may not sign.';

/** Resolves to the exit status: 0 or 1. Throws UsageError. */
export async function signCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const { flags, positionals } = parseArgs(argv, SIGN_FLAGS);
  if (flags.has('help')) {
    io.stdout(commandHelp('rower sign --key KEY FILE', SIGN_ABOUT, SIGN_FLAGS));
    return 0;
  }
  const [key, [file, ...more]] = [flags.get('key')?.at(-1), positionals];
  if (!key || !file || more.length > 0) throw new UsageError('name one file to sign, and the key: --key FILE');
  const { content } = splitSigned(await text(file));
  const whole = content === '' || content.endsWith('\n') ? content : `${content}\n`;
  const { status, stdout, stderr } = await sshKeygen(['-q', '-Y', 'sign', '-n', NAMESPACE, '-f', key], whole);
  if (status !== 0) {
    io.stderr(`rower sign: ssh-keygen: ${stderr.trim() || `exit status ${status}`}\n`);
    return 1;
  }
  io.stdout(`${whole}${signatureComment(stdout)}`);
  return 0;
}

/** Resolves to the exit status: 0 or 1. Throws UsageError. */
export async function verifyCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const { flags, positionals } = parseArgs(argv, VERIFY_FLAGS);
  if (flags.has('help')) {
    io.stdout(commandHelp('rower verify [FLAGS] FILE...', VERIFY_ABOUT, VERIFY_FLAGS));
    return 0;
  }
  if (positionals.length === 0) throw new UsageError('name the files to verify');
  const allowed = flags.get('allowed-signers')?.at(-1) ?? ALLOWED_SIGNERS;
  const { signers, problems } = readAllowedSigners(await text(allowed));
  for (const problem of problems) io.stderr(`rower verify: ${allowed}: ${problem}\n`);
  const nowMs = realEnv(jsonLog(0)).nowMs();
  let status = 0;
  for (const file of positionals) {
    const { content, signature } = splitSigned(await text(file));
    try {
      if (signature === undefined) throw new Refusal('is not signed, or the signature is not at its end');
      io.stdout(`${file}: signed by ${verifySignature(Buffer.from(content), signature, signers, nowMs)}\n`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      io.stderr(`rower verify: ${file}: ${error.message}\n`);
      status = 1;
    }
  }
  return status;
}

async function text(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`);
  });
}

function sshKeygen(args: string[], input: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    // A passphrase is asked for on the terminal.
    const child = spawn('ssh-keygen', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output.stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      output.stderr += chunk;
    });
    child.on('error', (error) => resolve({ status: null, stdout: '', stderr: error.message }));
    child.on('close', (status) => resolve({ status, ...output }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
