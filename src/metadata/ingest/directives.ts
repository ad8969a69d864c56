/**
 * `#rower: KEY=VALUE …` in the first lines of a manifest: wishes of its author that no object has a field for. A comment
 * for everything else that reads YAML.
 *
 * To add one: a row in DIRECTIVES, a field in Directives.
 */
import { didYouMean } from '../../config/closest.ts';
import { Refusal } from './types.ts';

export interface Directives {
  /** See claims.ts. */
  serial?: number;
  audience?: string[];
  notAfterMs?: number;
  /** When the metadata that gave the Pods has no user-data any more, or empty one. Absent: `keep`. */
  onMissing?: 'keep' | 'remove';
  onEmpty?: 'keep' | 'remove';
  /** Which variables are replaced. Absent: `metadata`. */
  substitute?: 'none' | 'metadata' | 'coreos';
}

type Reader<T> = (text: string) => T | undefined;

function word<T extends string>(...words: T[]): Reader<T> {
  return (text) => words.find((one) => one === text);
}

export const readSerial: Reader<number> = (text) => {
  const serial = /^\d+$/.test(text) ? Number(text) : undefined;
  return serial !== undefined && Number.isSafeInteger(serial) ? serial : undefined;
};

/** Patterns with commas between. */
export const readAudience: Reader<string[]> = (text) => {
  const patterns = text.split(',').map((one) => one.trim());
  return patterns.every((one) => one !== '') ? patterns : undefined;
};

const DAY_MS = 24 * 60 * 60 * 1000;

/** RFC 3339, or a date, which ends in UTC. */
export const readNotAfter: Reader<number> = (text) => {
  const date = /^\d{4}-\d\d-\d\d$/.test(text);
  if (!date && !/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms + (date ? DAY_MS : 0);
};

interface Directive {
  key: keyof Directives;
  expects: string;
  read: Reader<Directives[keyof Directives]>;
}

export const DIRECTIVES: Readonly<Record<string, Directive>> = {
  serial: { key: 'serial', expects: 'a whole number', read: readSerial },
  audience: { key: 'audience', expects: 'patterns with commas between', read: readAudience },
  'not-after': { key: 'notAfterMs', expects: 'a date such as 2030-01-31, or RFC 3339', read: readNotAfter },
  onMissing: { key: 'onMissing', expects: 'keep or remove', read: word('keep', 'remove') },
  onEmpty: { key: 'onEmpty', expects: 'keep or remove', read: word('keep', 'remove') },
  substitute: {
    key: 'substitute',
    expects: 'none, metadata or coreos',
    read: word('none', 'metadata', 'coreos'),
  },
};

const MAX_LINES = 20;

/** Of the first lines of a text, as far as they are such. Throws Refusal. */
export function readDirectives(text: string): Directives {
  const directives: Directives = {};
  const lines = text.split('\n', MAX_LINES).map((line) => line.trim());
  const begin = Math.max(
    0,
    lines.findIndex((line) => line !== ''),
  );
  for (const line of lines.slice(begin)) {
    const given = /^#\s?rower(?::\s*|\s+|$)(.*)$/.exec(line)?.[1];
    if (given === undefined) break;
    for (const item of given.split(/\s+/).filter(Boolean)) {
      const [name = '', ...rest] = item.split('=');
      setDirective(directives, name, rest.join('='), '#rower');
    }
  }
  return directives;
}

/** Throws Refusal. */
export function setDirective(directives: Directives, name: string, text: string, place: string): void {
  const known = Object.hasOwn(DIRECTIVES, name) ? DIRECTIVES[name] : undefined;
  if (!known) {
    const names = Object.keys(DIRECTIVES);
    throw new Refusal(
      `${place}: there is no ${JSON.stringify(name.slice(0, 40))}; there are ${names.join(', ')}${didYouMean(name, names) || '.'} Settings of the agent are given to it in its own configuration.`,
    );
  }
  const value = known.read(text);
  if (value === undefined)
    throw new Refusal(`${place}: ${name} must be ${known.expects}, not ${JSON.stringify(text.slice(0, 40))}`);
  Object.assign(directives, { [known.key]: value });
}
