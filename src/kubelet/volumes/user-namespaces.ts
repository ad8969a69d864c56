/**
 * Ids of the machine for Pods with `hostUsers: false` (pkg/kubelet/userns/userns_manager.go). What a Pod has is in a file of
 * its directory, as the kubelet writes it, and goes with the directory; nothing is kept in memory.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freeRange, readMappings, type UserNamespace, writeMappings } from '../sandbox/user-namespace.ts';
import { isMissing, readLimited, writeAtomically } from './files.ts';

const FILE = 'userns';
const LIMIT_BYTES = 4096;

export class UserNamespaces {
  readonly #podsDirectory: string;
  /** One Pod at a time, so that no two find the same range free. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(podsDirectory: string) {
    this.#podsDirectory = podsDirectory;
  }

  /** What the Pod has, else a free range, written down. Its directory has to be there. */
  ensure(uid: string): Promise<UserNamespace> {
    const mine = this.#last.then(() => this.#ensure(uid));
    this.#last = mine.catch(() => {});
    return mine;
  }

  async #ensure(uid: string): Promise<UserNamespace> {
    const own = await this.#read(uid);
    if (own) return own;
    const others = await Promise.all((await readdir(this.#podsDirectory)).map((one) => this.#read(one)));
    const range = freeRange(others.filter((one) => one !== undefined));
    if (!range) throw new Error('could not find an empty slot to allocate a user namespace');
    await writeAtomically(join(this.#podsDirectory, uid, FILE), writeMappings(range), 0o644);
    return range;
  }

  /** Throws for a file that cannot be understood: its Pod may be running with ids that nobody knows. */
  async #read(uid: string): Promise<UserNamespace | undefined> {
    const path = join(this.#podsDirectory, uid, FILE);
    try {
      const mappings = readMappings((await readLimited(path, LIMIT_BYTES)).toString());
      if (mappings) return mappings;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    throw new Error(
      `invalid user namespace mappings file: ${path}; remove the Pod, or the file once its Pod has ended`,
    );
  }
}
