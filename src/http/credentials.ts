/**
 * What the full listener needs and what a client of this machine needs to use it: key, certificate, token, kubeconfig.
 * Made where they are missing, kept otherwise; all for root alone.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import type { Env } from '../kubelet/env.ts';
import { isMissing, makeDirectory, readLimited, writeAtomically } from '../kubelet/volumes/files.ts';
import { type KeyPair, selfSigned } from './certificate.ts';
import { ListenError } from './listen.ts';

const MAX_FILE_BYTES = 1024 * 1024;
const TOKEN_BYTES = 32;
const LOOPBACK = ['127.0.0.1', '::1'];
const SECRET_MODE = 0o600;

export interface CredentialOptions {
  readonly env: Env;
  /** Holds what is made here. */
  readonly directory: string;
  readonly nodeName: string;
  readonly ips: readonly string[];
  /** A certificate of one's own, PEM; empty: one that signs itself is made. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Credentials extends KeyPair {
  readonly tokenFile: string;
  readonly token: string;
}

/** Where the bearer token is. */
export const tokenFileIn = (directory: string): string => join(directory, 'token');

/** Throws ListenError for files that were named and cannot be used, else what the file system throws. */
export async function loadCredentials(options: CredentialOptions): Promise<Credentials> {
  const { directory, certFile, keyFile, env } = options;
  await makeDirectory(directory, 0o700);
  const pair = certFile ? await givenPair(certFile, keyFile || certFile) : await ownPair(options);
  const tokenFile = tokenFileIn(directory);
  let token = (await readIfAny(tokenFile)).trim();
  if (token === '') {
    const next = env.random('bearer token');
    token = Buffer.from(Array.from({ length: TOKEN_BYTES }, () => Math.floor(next() * 256))).toString('base64url');
    await writeAtomically(tokenFile, `${token}\n`, SECRET_MODE);
  }
  return { ...pair, tokenFile, token };
}

async function givenPair(certFile: string, keyFile: string): Promise<KeyPair> {
  const [cert, key] = [
    await readNamed('--tls-cert-file', certFile),
    await readNamed('--tls-private-key-file', keyFile),
  ];
  const certificate = parsed(
    () => new X509Certificate(cert),
    `--tls-cert-file: ${certFile} holds no certificate in PEM`,
  );
  const privateKey = parsed(
    () => createPrivateKey(key),
    `--tls-private-key-file: ${keyFile} holds no private key in PEM without a passphrase`,
  );
  if (!certificate.checkPrivateKey(privateKey))
    throw new ListenError(
      `the key in ${keyFile} is not that of the certificate in ${certFile}: name the pair with --tls-cert-file and --tls-private-key-file, the certificate of this machine first in its file`,
    );
  return { cert, key };
}

/** When a certificate expires, ms since the epoch. */
export function expiryOf(cert: string): number {
  return Date.parse(new X509Certificate(cert).validTo);
}

/** Certificates of the authorities that sign clients, PEM. Throws ListenError. */
export async function readClientCa(path: string): Promise<string> {
  const ca = await readNamed('--client-ca-file', path);
  parsed(() => new X509Certificate(ca), `--client-ca-file: ${path} holds no certificate in PEM`);
  return ca;
}

async function readNamed(flag: string, path: string): Promise<string> {
  try {
    return await read(path);
  } catch (error) {
    throw new ListenError(`${flag}: ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function parsed<T>(parse: () => T, complaint: string): T {
  try {
    return parse();
  } catch (cause) {
    throw new ListenError(complaint, { cause });
  }
}

/** The pair that was made before, as long as it fits this machine's names and addresses. */
async function ownPair({ directory, nodeName, ips, env }: CredentialOptions): Promise<KeyPair> {
  const files = { cert: join(directory, 'tls.crt'), key: join(directory, 'tls.key') };
  const kept = { cert: await readIfAny(files.cert), key: await readIfAny(files.key) };
  const addresses = [...new Set([...LOOPBACK, ...ips])];
  if (fits(kept, nodeName, addresses)) return kept;
  const made = selfSigned(nodeName, [...new Set(['localhost', nodeName])], addresses);
  await writeAtomically(files.key, made.key, SECRET_MODE);
  await writeAtomically(files.cert, made.cert, SECRET_MODE);
  env.log.info({ certificate: files.cert, addresses }, 'made a certificate for the status endpoint');
  return made;
}

function fits({ cert, key }: KeyPair, nodeName: string, addresses: readonly string[]): boolean {
  try {
    const certificate = new X509Certificate(cert);
    return (
      certificate.checkPrivateKey(createPrivateKey(key)) &&
      [...addresses].every((ip) => certificate.checkIP(ip) !== undefined) &&
      certificate.checkHost(nodeName) !== undefined
    );
  } catch {
    return false;
  }
}

export interface KubeconfigInput {
  readonly path: string;
  /** Where the listener is. */
  readonly address: string;
  readonly port: number;
  readonly cert: string;
  readonly token: string;
}

/** `KUBECONFIG=PATH kubectl …` on this machine, for root alone. Throws what the file system throws. */
export async function writeKubeconfig({ path, address, port, cert, token }: KubeconfigInput): Promise<void> {
  await makeDirectory(dirname(path), 0o755);
  const isEverywhere = address === '0.0.0.0' || address === '::';
  const host = isEverywhere ? '127.0.0.1' : address;
  const cluster = {
    server: `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
    ...serverName(cert, host),
    'certificate-authority-data': Buffer.from(cert).toString('base64'),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'rower', cluster }],
    users: [{ name: 'rower', user: { token } }],
    contexts: [{ name: 'rower', context: { cluster: 'rower', user: 'rower' } }],
    'current-context': 'rower',
  };
  // JSON is YAML.
  await writeAtomically(path, `${JSON.stringify(config, undefined, 2)}\n`, SECRET_MODE);
}

/** A certificate that does not name the address is checked by a name it has. */
function serverName(cert: string, host: string): { 'tls-server-name'?: string } {
  const certificate = new X509Certificate(cert);
  if (certificate.checkIP(host) !== undefined) return {};
  const name = /DNS:([^,\s]+)/.exec(certificate.subjectAltName ?? '')?.[1];
  return name ? { 'tls-server-name': name.replace(/^\*/, 'node') } : {};
}

async function read(path: string): Promise<string> {
  return (await readLimited(path, MAX_FILE_BYTES)).toString();
}

async function readIfAny(path: string): Promise<string> {
  try {
    return await read(path);
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}
