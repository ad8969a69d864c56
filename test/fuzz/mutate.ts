/** Broken input from good input, by a seed: the same seed always gives the same bytes. */
import type { Random } from '../sim/random.ts';

const MAX_BYTES = 256 * 1024;
const MAX_CHANGES = 8;
const EDGES = [0, 1, 0x0a, 0x0d, 0x20, 0x22, 0x27, 0x2e, 0x2f, 0x7f, 0x80, 0xc3, 0xfe, 0xff];

type Change = (bytes: Buffer, random: Random, words: readonly Buffer[], corpus: readonly Buffer[]) => Buffer;

const place = (bytes: Buffer, random: Random) => random.between(0, bytes.length);
const splice = (bytes: Buffer, from: number, to: number, put: Buffer) =>
  Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(to)]);
/** Short ones are likelier. */
const span = (bytes: Buffer, random: Random): [number, number] => {
  const from = place(bytes, random);
  const longest = random.chance(0.8) ? 16 : bytes.length;
  return [from, Math.min(bytes.length, from + random.between(0, longest))];
};

const CHANGES: readonly Change[] = [
  (bytes, random) => {
    if (bytes.length === 0) return bytes;
    const at = random.between(0, bytes.length - 1);
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << random.between(0, 7));
    return changed;
  },
  (bytes, random) => splice(bytes, ...span(bytes, random), Buffer.from([random.pick(EDGES) ?? 0])),
  (bytes, random) => splice(bytes, ...span(bytes, random), Buffer.alloc(0)),
  (bytes, random, words) => {
    const at = place(bytes, random);
    return splice(bytes, at, at, random.pick(words) ?? Buffer.alloc(0));
  },
  (bytes, random, words) => splice(bytes, ...span(bytes, random), random.pick(words) ?? Buffer.alloc(0)),
  (bytes, random) => {
    const [from, to] = span(bytes, random);
    const repeated = Array.from({ length: random.between(1, random.chance(0.1) ? 2000 : 4) }, () =>
      bytes.subarray(from, to),
    );
    return splice(bytes, to, to, Buffer.concat(repeated).subarray(0, MAX_BYTES));
  },
  (bytes, random, _, corpus) => {
    const other = random.pick(corpus) ?? bytes;
    return splice(bytes, ...span(bytes, random), other.subarray(...span(other, random)));
  },
  (bytes, random) => bytes.subarray(0, place(bytes, random)),
  // A number of the format: lengths, offsets, counts.
  (bytes, random) => {
    const width = random.pick([1, 2, 4]) ?? 1;
    if (bytes.length < width) return bytes;
    const changed = Buffer.from(bytes);
    const at = random.between(0, bytes.length - width);
    const value = random.pick([0, 1, 2 ** (8 * width) - 1, 2 ** (8 * width - 1), random.between(0, 255)]) ?? 0;
    if (random.chance(0.5)) changed.writeUIntBE(value, at, width);
    else changed.writeUIntLE(value, at, width);
    return changed;
  },
];

/** One input: something of `corpus`, changed a few times. `words` are what the format is made of. */
export function mutated(random: Random, corpus: readonly Buffer[], words: readonly Buffer[]): Buffer {
  let bytes = random.pick(corpus) ?? Buffer.alloc(0);
  for (let count = random.between(1, MAX_CHANGES); count > 0; count -= 1)
    bytes = (random.pick(CHANGES) as Change)(bytes, random, words, corpus);
  return bytes.subarray(0, MAX_BYTES * 2);
}
