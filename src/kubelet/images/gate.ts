/**
 * The image policy at work: before a pull the image is verified, after it what came is compared, and an image that is here
 * without having been verified counts as absent. What was verified is kept, so that a start needs no network.
 */
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AuthConfig, type Cri, CriError, type Image } from '../../cri/port.ts';
import type { CosignKey } from '../../metadata/ingest/cosign.ts';
import type { Env } from '../env.ts';
import { messageOf } from '../sources/regular-file.ts';
import { archiveSigners, versionOf } from './archive-proof.ts';
import { NotSigned, verifyImage } from './cosign-image.ts';
import { type ImagePolicy, type ImageRule, type Requirement, refusalOf, ruleFor } from './policy.ts';
import { RegistryError, registryOf } from './registry.ts';
import { RegistryHostsError, readRegistryHosts } from './registry-hosts.ts';

const FILE = 'verified-images.json';
const MAX_KEPT = 1000;
const MAX_TOLD = 1000;

export interface ImageGateOptions {
  env: Env;
  cri: Pick<Cri, 'imageStatus'>;
  policy: ImagePolicy;
  rootDir: string;
  /** Told of each pull that is refused, and of what was wanted. */
  refused?: (wanted: Requirement) => void;
}

export class ImageGate {
  readonly #options: ImageGateOptions;
  #policy: ImagePolicy;
  /** Digest, or `id=` and an image's id → the keys that signed it, by what they are. The last verified comes last. */
  readonly #verified: Map<string, string[]>;
  readonly #told = new Set<string>();
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: ImageGateOptions, verified: Map<string, string[]>) {
    this.#options = options;
    this.#policy = options.policy;
    this.#verified = verified;
  }

  static async open(options: ImageGateOptions): Promise<ImageGate> {
    return new ImageGate(options, await readVerified(join(options.rootDir, FILE)));
  }

  /** From now on. Containers that run are left alone. */
  use(policy: ImagePolicy): void {
    this.#policy = policy;
    this.#told.clear();
  }

  /** Every key that the policy names. */
  keys(): CosignKey[] {
    const all = this.#policy.rules.flatMap(({ cosignKeys }) => cosignKeys);
    return [...new Map(all.map((key) => [fingerprint(key), key])).values()];
  }

  /** Another text for other keys. */
  keysText(): string {
    return this.keys().map(fingerprint).sort().join();
  }

  /** Rejects with CriError, in the words that the kubelet knows, when the image may not be pulled. */
  async before(image: string, auths: readonly AuthConfig[], signal: AbortSignal): Promise<void> {
    const { env } = this.#options;
    const policy = this.#policy;
    const refusal = refusalOf(policy, image);
    if (refusal !== undefined) throw this.#refused(image, refusal);
    const rule = ruleFor(policy, image);
    if (rule?.require !== 'signature') return;
    try {
      const hosts = await readRegistryHosts(image, policy.registryConfigPath);
      const { digest, key } = await verifyImage(
        image,
        rule.cosignKeys,
        registryOf(image, auths, { env, signal, hosts }),
      );
      await this.#keep([digest], [key]);
      env.log.info({ image, digest, key: key.name }, 'the image is signed');
    } catch (error) {
      if (error instanceof NotSigned) throw this.#refused(image, `${error.message} (${policy.source})`);
      if (signal.aborted) throw new CriError('cancelled', 'PullImage', 'stopped', { cause: error });
      if (!(error instanceof RegistryError || error instanceof RegistryHostsError)) throw error;
      const message = `RegistryUnavailable: its signature cannot be read: ${error.message}`;
      throw new CriError('other', 'PullImage', message, { cause: error });
    }
  }

  /** After a pull. Rejects with CriError when another image came than was verified. */
  async after(image: string): Promise<void> {
    if (ruleFor(this.#policy, image)?.require !== 'signature') return;
    const found = await this.#options.cri.imageStatus(image);
    if (found && !this.allows(image, found))
      throw this.#refused(image, 'its registry gave another image than the one that was verified; it is not run');
  }

  /**
   * Before the import of an archive. Resolves to what lets its images through after it, if a key of the policy signed it;
   * rejects when there is a signature and it is not good.
   */
  async verifyArchive(path: string): Promise<(images: readonly string[]) => Promise<void>> {
    const before = await versionOf(path);
    const signers = await archiveSigners(path, this.keys());
    return async (images) => {
      if (signers.length === 0) return;
      if ((await versionOf(path)) !== before) throw new Error('it changed while it was imported');
      const found = await Promise.all(images.map((image) => this.#options.cri.imageStatus(image)));
      await this.#keep(
        found.flatMap((image) => (image ? [idKey(image)] : [])),
        signers,
      );
    };
  }

  /** Whether a container may be made of this image, which is on the machine. */
  allows(image: string, found: Image): boolean {
    const rule = ruleFor(this.#policy, image);
    if (refusalOf(this.#policy, image) !== undefined) return false;
    if (rule?.require !== 'signature') return true;
    const digests = found.repoDigests.map((one) => one.slice(one.indexOf('@') + 1));
    return [...digests, idKey(found)].some((one) => this.#isVerified(one, rule));
  }

  /** The same runtime, in which images that may not run are not there. */
  guard<T extends Pick<Cri, 'imageStatus'>>(cri: T): T {
    const imageStatus: Cri['imageStatus'] = async (...args) => {
      const found = await cri.imageStatus(...args);
      if (!found || this.allows(args[0], found)) return found;
      this.#tell(args[0], found);
      return undefined;
    };
    return { ...cri, imageStatus };
  }

  /** Once for each image: with pull policy Never nothing else says why. */
  #tell(image: string, { id }: Image): void {
    const { env } = this.#options;
    const policy = this.#policy;
    const key = `${image} ${id}`;
    if (this.#told.has(key) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(key);
    const why = refusalOf(policy, image) ?? 'its signature was not verified';
    env.log.warn({ image, policy: policy.source }, `the image is on this machine and counts as absent: ${why}`);
  }

  #refused(image: string, message: string): CriError {
    this.#options.refused?.(ruleFor(this.#policy, image)?.require ?? 'nothing');
    return new CriError('other', 'PullImage', `SignatureValidationFailed: ${message}`);
  }

  #isVerified(what: string, { cosignKeys }: ImageRule): boolean {
    const keys = this.#verified.get(what) ?? [];
    return cosignKeys.some((key) => keys.includes(fingerprint(key)));
  }

  /** Each of `what` was signed by each of the keys. */
  async #keep(what: readonly string[], keys: readonly CosignKey[]): Promise<void> {
    for (const one of what) {
      const all = new Set([...(this.#verified.get(one) ?? []), ...keys.map(fingerprint)]);
      this.#verified.delete(one);
      this.#verified.set(one, [...all]);
    }
    for (const oldest of this.#verified.keys()) {
      if (this.#verified.size <= MAX_KEPT) break;
      this.#verified.delete(oldest);
    }
    const { env, rootDir } = this.#options;
    const path = join(rootDir, FILE);
    this.#writing = this.#writing
      .then(async () => {
        await writeFile(`${path}.writing`, JSON.stringify(Object.fromEntries(this.#verified)), { mode: 0o600 });
        await rename(`${path}.writing`, path);
      })
      .catch((error: unknown) =>
        env.log.warn(
          { path, error: messageOf(error) },
          'which images were verified cannot be kept: a start needs the registry',
        ),
      );
    await this.#writing;
  }
}

/** The id of an image is the digest of its configuration, which names its layers; a digest of a manifest is none. */
function idKey({ id }: Image): string {
  return `id=${id}`;
}

function fingerprint({ key }: CosignKey): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** What cannot be read was not verified. */
async function readVerified(path: string): Promise<Map<string, string[]>> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    return new Map(entries.filter(([, keys]) => Array.isArray(keys) && keys.every((key) => typeof key === 'string')));
  } catch {
    return new Map();
  }
}
