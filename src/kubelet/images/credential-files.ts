import { join } from 'node:path';
import type { Env } from '../env.ts';
import { isMissing, readLimited } from '../volumes/files.ts';
import { type DockerConfigForm, parseDockerConfig, type RegistryAuth } from './registry-auth.ts';

/** A change of a file is noticed after at most this long (pkg/credentialprovider/provider.go). */
const FRESH_MS = 5 * 60_000;
const MAX_BYTES = 1024 * 1024;

export interface CredentialFilesOptions {
  readonly env: Env;
  readonly rootDir: string;
  readonly workingDirectory: string;
  /** `$HOME`; empty: none. */
  readonly home: string;
}

/** The node's Docker credentials: the first readable file of the search order counts, and no other. */
export class CredentialFiles {
  readonly #env: Env;
  readonly #candidates: readonly { path: string; form: DockerConfigForm }[];
  #read: { atMs: number; auths: readonly RegistryAuth[] } | undefined;
  #complaint = '';

  constructor({ env, rootDir, workingDirectory, home }: CredentialFilesOptions) {
    this.#env = env;
    const homes = home === '' ? [] : [home];
    const candidate = (form: DockerConfigForm, name: string) => (directory: string) => ({
      path: join(directory, name),
      form,
    });
    this.#candidates = [
      ...[rootDir, workingDirectory, ...homes.map((one) => join(one, '.docker')), '/.docker'].map(
        candidate('config.json', 'config.json'),
      ),
      ...[rootDir, workingDirectory, ...homes, '/'].map(candidate('dockercfg', '.dockercfg')),
    ];
  }

  /** Never rejects: a file that cannot be read is told once, and passed over. */
  async auths(): Promise<readonly RegistryAuth[]> {
    const nowMs = this.#env.monotonicMs();
    if (!this.#read || nowMs - this.#read.atMs >= FRESH_MS) this.#read = { atMs: nowMs, auths: await this.#search() };
    return this.#read.auths;
  }

  async #search(): Promise<RegistryAuth[]> {
    let complaint = '';
    let found: RegistryAuth[] | undefined;
    for (const { path, form } of this.#candidates) {
      try {
        found = parseDockerConfig((await readLimited(path, MAX_BYTES)).toString(), form);
        break;
      } catch (error) {
        if (!isMissing(error))
          complaint ||= `${path} is not used for registry credentials: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    if (complaint !== '' && complaint !== this.#complaint) this.#env.log.warn({}, complaint);
    this.#complaint = complaint;
    return found ?? [];
  }
}
