/** What many providers share. */
import { isRecord, textAt } from '../ingest/record.ts';
import type { Machine } from '../machine.ts';
import type { Payload } from '../provider.ts';

/** The address nearly all of them have. */
export const LINK_LOCAL = 'http://169.254.169.254';

/** The first named DMI string that fits, as the reason of a detection. */
export async function dmiReason(
  machine: Machine,
  tests: readonly (readonly [name: string, fits: (value: string) => boolean])[],
): Promise<string | undefined> {
  for (const [name, fits] of tests) {
    const value = await machine.dmi(name);
    if (value !== '' && fits(value)) return `${name} is ${JSON.stringify(value)}`;
  }
  return undefined;
}

export function is(...values: string[]): (value: string) => boolean {
  return (value) => values.includes(value);
}

export async function hasWord(machine: Machine, word: string): Promise<string | undefined> {
  const words = (await machine.commandLine()).split(/\s+/);
  return words.includes(word) ? `the kernel command line has the word ${word}` : undefined;
}

/** Where the cloud shows "none" as empty. */
export function unlessEmpty(name: string, bytes: Uint8Array | undefined, base64 = false): Payload[] {
  return bytes === undefined || Buffer.from(bytes).toString('latin1').trim() === '' ? [] : [{ name, bytes, base64 }];
}

/** Where empty is an answer. */
export function ifGiven(name: string, bytes: Uint8Array | undefined, base64 = false): Payload[] {
  return bytes === undefined ? [] : [{ name, bytes, base64 }];
}

export function ofText(name: string, text: unknown, base64 = false): Payload[] {
  return typeof text === 'string' ? unlessEmpty(name, Buffer.from(text), base64) : [];
}

const MAX_TAGS = 100;

/** A mapping of texts, or a list of words, as attributes. */
export function tagAttributes(tags: unknown): Record<string, string> {
  const list: [string, unknown][] = Array.isArray(tags)
    ? tags.filter((tag) => typeof tag === 'string').map((tag) => [tag, 'true'])
    : Object.entries(isRecord(tags) ? tags : {});
  const texts = list.slice(0, MAX_TAGS).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts.map(([name, value]) => [`tags.${name}`, value]));
}

/** The first text at one of the paths inside the items of a list. */
export function firstOf(list: unknown[], ...paths: (string | number)[][]): string | undefined {
  for (const item of list) {
    for (const path of paths) {
      const value = textAt(item, ...path);
      if (value !== undefined) return value;
    }
  }
  return undefined;
}
