import { join } from 'node:path';
import type { AuthConfig } from '../../cri/port.ts';
import type { Env } from '../env.ts';
import { type CredentialProvider, type ProviderAnswer, providerRequest, readProviderAnswer } from './provider.ts';
import { authsFor, locationMatches, type RegistryAuth, repositoryOf } from './registry-auth.ts';
import { runProgram } from './run-program.ts';

const TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_CACHED = 1000;

export interface ExecProviderOptions {
  readonly env: Env;
  readonly directory: string;
  /** The environment that the programs inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly parseDuration: (text: string) => number | undefined;
}

interface Cached {
  readonly auths: readonly RegistryAuth[];
  readonly untilMs: number;
}

/** One exec credential provider, asked as the kubelet asks it (pkg/credentialprovider/plugin). */
export class ExecProvider {
  readonly #provider: CredentialProvider;
  readonly #o: ExecProviderOptions;
  readonly #cache = new Map<string, Cached>();
  /** Questions under way, by repository: the same one is asked once. */
  readonly #asking = new Map<string, Promise<readonly RegistryAuth[]>>();

  constructor(provider: CredentialProvider, options: ExecProviderOptions) {
    this.#provider = provider;
    this.#o = options;
  }

  /** Credentials for an image; none when it is not of this provider, or when the provider fails, which is told in the log. */
  async auths(image: string): Promise<AuthConfig[]> {
    const repository = repositoryOf(image);
    if (!this.#provider.matchImages.some((pattern) => locationMatches(pattern, repository))) return [];
    const known = this.#cached(repository);
    if (known) return authsFor(known, image);
    const asking = this.#asking.get(repository) ?? this.#ask(repository).finally(() => this.#asking.delete(repository));
    this.#asking.set(repository, asking);
    return authsFor(await asking, image);
  }

  #cached(repository: string): readonly RegistryAuth[] | undefined {
    for (const type of ['Image', 'Registry', 'Global'] as const) {
      const found = this.#cache.get(cacheKey(type, repository));
      if (found && found.untilMs > this.#o.env.monotonicMs()) return found.auths;
    }
    return undefined;
  }

  async #ask(repository: string): Promise<readonly RegistryAuth[]> {
    const { env, directory, environment, parseDuration } = this.#o;
    const { name, args, env: own, defaultCacheDurationMs } = this.#provider;
    try {
      const output = await runProgram(join(directory, name), {
        env,
        args,
        environment: { ...environment, ...Object.fromEntries(own.map((each) => [each.name, each.value])) },
        input: providerRequest(this.#provider, repository),
        timeoutMs: TIMEOUT_MS,
        maxOutputBytes: MAX_ANSWER_BYTES,
      });
      const answer = readProviderAnswer(this.#provider, output, parseDuration);
      this.#keep(repository, answer, answer.cacheDurationMs ?? defaultCacheDurationMs);
      return answer.auths;
    } catch (error) {
      env.log.warn(
        { provider: name, image: repository, error: (error as Error).message },
        'this credential provider gave no credentials',
      );
      return [];
    }
  }

  #keep(repository: string, { cacheKeyType, auths }: ProviderAnswer, durationMs: number): void {
    if (durationMs <= 0) return;
    const nowMs = this.#o.env.monotonicMs();
    for (const [key, { untilMs }] of this.#cache)
      if (untilMs <= nowMs || this.#cache.size >= MAX_CACHED) this.#cache.delete(key);
    this.#cache.set(cacheKey(cacheKeyType, repository), { auths, untilMs: nowMs + durationMs });
  }
}

function cacheKey(type: ProviderAnswer['cacheKeyType'], repository: string): string {
  if (type === 'Global') return 'global';
  return type === 'Image' ? repository : `${repository.slice(0, repository.indexOf('/'))}/`;
}
