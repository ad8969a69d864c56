/** Tries a parser with one input after the other. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../sim/random.ts';
import { mutated } from './mutate.ts';
import type { Target } from './target.ts';

/** What was found once, by target: an input that broke something stays here for ever. */
const KEPT = join(import.meta.dirname, '../fixtures/fuzz');

export interface Finding {
  readonly bytes: Buffer;
  readonly error: unknown;
}

export function kept(target: string): { file: string; bytes: Buffer }[] {
  const directory = join(KEPT, target);
  if (!existsSync(directory)) return [];
  return globSync('*', { cwd: directory })
    .sort()
    .map((file) => ({ file, bytes: readFileSync(join(directory, file)) }));
}

/** Returns the path. */
export function keep(target: string, bytes: Buffer): string {
  const name = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  mkdirSync(join(KEPT, target), { recursive: true });
  const path = join(KEPT, target, name);
  writeFileSync(path, bytes);
  return path;
}

/** Input number `index` of a seed. */
export function inputOf({ name, corpus, words }: Target, seed: string, index: number): Buffer {
  const random = new Random(`${seed}/${name}/${index}`);
  return mutated(random, [...corpus(), ...kept(name).map(({ bytes }) => bytes)], words);
}

/** Undefined: the target did with it what it promises. */
export async function attempt({ run }: Target, bytes: Buffer): Promise<Finding | undefined> {
  try {
    await run(bytes);
    return undefined;
  } catch (error) {
    return { bytes, error };
  }
}

/** A smaller input with the same fault, as far as cutting pieces out finds one. `alive` is called now and then. */
export async function shrink(target: Target, finding: Finding, alive: () => void): Promise<Finding> {
  let smallest = finding;
  for (let size = Math.ceil(finding.bytes.length / 2), tries = 0; size >= 1 && tries < 2000; ) {
    let shorter: Finding | undefined;
    for (let from = 0; from < smallest.bytes.length && !shorter; from += size, tries += 1) {
      const { bytes } = smallest;
      alive();
      shorter = await attempt(target, Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + size)]));
      if (shorter && String(shorter.error) !== String(finding.error)) shorter = undefined;
    }
    if (shorter) smallest = shorter;
    else size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return smallest;
}
