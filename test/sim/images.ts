/** The fake runtime's image store and the registries behind it. Names are resolved as containerd resolves them. */
import type { Image } from '../../src/cri/port.ts';
import { Random } from './random.ts';

/** What a registry answers for one image. */
export interface RegistryImage {
  pullMs: number;
  /** Pulls fail with this text. */
  error?: string;
  /** `user:password` that it wants. */
  login?: string;
  uid?: number;
  username?: string;
}

const REGISTRY_HOST = 'docker.io';

/** `busybox` → `docker.io/library/busybox:latest`. */
export function normalizeImage(reference: string): string {
  const slash = reference.indexOf('/');
  const first = slash < 0 ? '' : reference.slice(0, slash);
  const hasHost = first === 'localhost' || first.includes('.') || first.includes(':');
  let name = hasHost ? reference : `${REGISTRY_HOST}/${slash < 0 ? 'library/' : ''}${reference}`;
  const last = name.slice(name.lastIndexOf('/') + 1);
  if (!last.includes(':') && !last.includes('@')) name += ':latest';
  return name;
}

export class Images {
  readonly #present = new Map<string, Image>();
  /** By normalised name. What is not in it does not exist anywhere. */
  readonly registry = new Map<string, RegistryImage>();

  /** Puts an image on the machine, as `ctr images import` would. */
  add(reference: string, user: Pick<RegistryImage, 'uid' | 'username'> = {}, pinned = false): Image {
    const name = normalizeImage(reference);
    const known = this.#present.get(name);
    if (known) return known;
    const digest = `sha256:${fakeDigest(name)}`;
    const image: Image = {
      id: `sha256:${fakeDigest(`config ${name}`)}`,
      repoTags: name.includes('@') ? [] : [name],
      repoDigests: [`${name.replace(/(:[^:/@]+)?(@.*)?$/, '')}@${digest}`],
      sizeBytes: 1_000_000,
      ...(user.uid !== undefined && { uid: user.uid }),
      username: user.username ?? '',
      pinned,
    };
    this.#present.set(name, image);
    return image;
  }

  /** By id or by name. */
  resolve(reference: string): Image | undefined {
    for (const image of this.#present.values()) if (image.id === reference) return image;
    return this.#present.get(normalizeImage(reference));
  }

  list(): Image[] {
    return [...this.#present.values()];
  }

  remove(reference: string): void {
    const image = this.resolve(reference);
    for (const [name, present] of this.#present) if (present === image) this.#present.delete(name);
  }
}

function fakeDigest(text: string): string {
  const random = new Random(text);
  return Array.from({ length: 8 }, () => random.between(0, 0xffffffff).toString(16).padStart(8, '0')).join('');
}
