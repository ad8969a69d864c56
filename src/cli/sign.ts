/** `rower sign`: a manifest with a signature at its end, by the programs that people have for their keys. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../kubelet/sources/regular-file.ts';
import { MINISIGN_COMMENT } from '../metadata/ingest/minisign.ts';
import { signatureComment, splitSigned } from '../metadata/ingest/signatures.ts';
import { NAMESPACE } from '../metadata/ingest/ssh-signature.ts';
import { type FlagSpec, HELP_FLAG, parseArgs, UsageError } from './args.ts';
import { commandHelp } from './help.ts';
import type { CliIo } from './io.ts';

const FLAGS: readonly FlagSpec[] = [
  {
    name: 'key',
    valueName: 'FILE',
    help: 'The private key: of SSH, or its public half when an agent has it; or the secret key of minisign.',
  },
  HELP_FLAG,
];
const ABOUT = `Prints the manifest FILE with a signature at its end, in comments: everything that reads YAML still reads it. ssh-keygen makes it, with the namespace ${NAMESPACE}, or minisign. A signature that is there already is replaced. Metadata may be all of one file, so each manifest is signed by itself.`;

/** Resolves to the exit status: 0 or 1. Throws UsageError. */
export async function signCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const { flags, positionals } = parseArgs(argv, FLAGS);
  if (flags.has('help')) {
    io.stdout(commandHelp('rower sign --key KEY FILE', ABOUT, FLAGS));
    return 0;
  }
  const [key, [file, ...more]] = [flags.get('key')?.at(-1), positionals];
  if (!key || !file || more.length > 0) throw new UsageError('name one file to sign, and the key: --key FILE');
  const { content } = splitSigned(await readText(file));
  const whole = content === '' || content.endsWith('\n') ? content : `${content}\n`;
  const keyText = await readFile(key, 'utf8').catch(() => '');
  if (/^-----BEGIN (?:ENCRYPTED )?(?:COSIGN|SIGSTORE|EC|ENCRYPTED)?\s?PRIVATE KEY-----/.test(keyText))
    throw new UsageError(
      `${key} is a key of cosign or OpenSSL, whose signatures lie beside the file: cosign sign-blob --key ${key} --bundle ${file}.sigstore.json ${file}; or openssl dgst -sha256 -sign ${key} ${file} | base64 -w0 > ${file}.sig`,
    );
  const minisign = keyText.startsWith(MINISIGN_COMMENT);
  const program = minisign ? 'minisign' : 'ssh-keygen';
  const made = minisign
    ? await byMinisign(key, whole)
    : await run(program, ['-q', '-Y', 'sign', '-n', NAMESPACE, '-f', key], whole);
  if (made.status !== 0) {
    io.stderr(`rower sign: ${program}: ${made.stderr.trim() || `exit status ${made.status}`}\n`);
    return 1;
  }
  io.stdout(`${whole}${signatureComment(made.stdout)}`);
  return 0;
}

/** Rejects with UsageError. */
export async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`);
  });
}

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** It reads and writes files only, and asks for a password on the terminal. */
async function byMinisign(key: string, content: string): Promise<Ended> {
  const directory = await mkdtemp(join(tmpdir(), 'rower-sign-'));
  try {
    const file = join(directory, 'manifest');
    await writeFile(file, content, { mode: 0o600 });
    const ended = await run('minisign', ['-S', '-s', key, '-m', file], undefined);
    if (ended.status !== 0) return { ...ended, stderr: ended.stderr || ended.stdout };
    return { ...ended, stdout: await readFile(`${file}.minisig`, 'utf8') };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Without `input` the program has the terminal. */
function run(program: string, args: string[], input: string | undefined): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: [input === undefined ? 'inherit' : 'pipe', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      output.stdout += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      output.stderr += chunk;
    });
    child.on('error', (error) => resolve({ status: null, stdout: '', stderr: error.message }));
    child.on('close', (status) => resolve({ status, ...output }));
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
