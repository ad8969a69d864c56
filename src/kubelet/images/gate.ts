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
import { NotSigned, verifyImage } from './cosign-image.ts';
import { type ImagePolicy, type ImageRule, refusalOf, ruleFor } from './policy.ts';
import { RegistryError, registryOf } from './registry.ts';

const FILE = 'verified-images.json';
const MAX_KEPT = 1000;
const MAX_TOLD = 1000;

export interface ImageGateOptions {
  env: Env;
  cri: Pick<Cri, 'imageStatus'>;
  policy: ImagePolicy;
  rootDir: string;
}

export class ImageGate {
  readonly #options: ImageGateOptions;
  /** Digest → names of the keys that signed it, by what they are. The last verified comes last. */
  readonly #verified: Map<string, string[]>;
  readonly #told = new Set<string>();
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: ImageGateOptions, verified: Map<string, string[]>) {
    this.#options = options;
    this.#verified = verified;
  }

  static async open(options: ImageGateOptions): Promise<ImageGate> {
    return new ImageGate(options, await readVerified(join(options.rootDir, FILE)));
  }

  /** Rejects with CriError, in the words that the kubelet knows, when the image may not be pulled. */
  async before(image: string, auths: readonly AuthConfig[], signal: AbortSignal): Promise<void> {
    const { env, policy } = this.#options;
    const refusal = refusalOf(policy, image);
    if (refusal !== undefined) throw refused(refusal);
    const rule = ruleFor(policy, image);
    if (rule?.require !== 'signature') return;
    try {
      const { digest, key } = await verifyImage(image, rule.cosignKeys, registryOf(image, auths, { env, signal }));
      await this.#keep(digest, key);
      env.log.info({ image, digest, key: key.name }, 'the image is signed');
    } catch (error) {
      if (error instanceof NotSigned) throw refused(`${error.message} (${policy.source})`);
      if (signal.aborted) throw new CriError('cancelled', 'PullImage', 'stopped', { cause: error });
      if (error instanceof RegistryError)
        throw new CriError(
          'other',
          'PullImage',
          `RegistryUnavailable: its signature cannot be read: ${error.message}`,
          {
            cause: error,
          },
        );
      throw error;
    }
  }

  /** After a pull. Rejects with CriError when another image came than was verified. */
  async after(image: string): Promise<void> {
    const found = await this.#options.cri.imageStatus(image);
    if (found && !this.allows(image, found))
      throw refused('its registry gave another image than the one that was verified; it is not run');
  }

  /** Whether a container may be made of this image, which is on the machine. */
  allows(image: string, found: Image): boolean {
    const { policy } = this.#options;
    const rule = ruleFor(policy, image);
    if (refusalOf(policy, image) !== undefined) return false;
    return rule?.require !== 'signature' || found.repoDigests.some((one) => this.#isVerified(one, rule));
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
    const { env, policy } = this.#options;
    const key = `${image} ${id}`;
    if (this.#told.has(key) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(key);
    const why = refusalOf(policy, image) ?? 'its signature was not verified';
    env.log.warn({ image, policy: policy.source }, `the image is on this machine and counts as absent: ${why}`);
  }

  #isVerified(repoDigest: string, { cosignKeys }: ImageRule): boolean {
    const keys = this.#verified.get(repoDigest.slice(repoDigest.indexOf('@') + 1)) ?? [];
    return cosignKeys.some((key) => keys.includes(fingerprint(key)));
  }

  async #keep(digest: string, key: CosignKey): Promise<void> {
    const keys = new Set([...(this.#verified.get(digest) ?? []), fingerprint(key)]);
    this.#verified.delete(digest);
    this.#verified.set(digest, [...keys]);
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

function refused(message: string): CriError {
  return new CriError('other', 'PullImage', `SignatureValidationFailed: ${message}`);
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
