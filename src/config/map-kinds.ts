/** Kinds of settings that are maps. */
import { parseQuantity } from '../kubelet/manifest/quantity.ts';
import { SIGNALS, thresholdOf } from '../kubelet/status/pressure.ts';
import { type Kind, mustBe, readString, split, ValueError, within } from './kinds.ts';

interface AmountRules {
  /** Between a name and its amount in a flag. */
  readonly sign: '=' | '<';
  /** What stands after the sign in messages. */
  readonly amount: string;
  readonly known: readonly string[];
  /** What is wrong with any other name. */
  readonly unknown: string;
  readonly isGood: (text: string) => boolean;
  readonly good: string;
}

/** Resource name → quantity, of the resources that can be reserved (cmd/kubelet/app/server.go, parseResourceList). */
export function reservedResources(): Kind<Record<string, string>> {
  return amounts({
    ...{ sign: '=', amount: 'QUANTITY', known: ['cpu', 'memory', 'ephemeral-storage', 'pid'] },
    unknown: 'cannot be reserved',
    isGood: (text) => (parseQuantity(text) ?? -1n) >= 0n,
    good: 'a quantity of zero or more',
  });
}

/** Eviction signal → quantity or percentage; flags are written `NAME<AMOUNT` (pkg/kubelet/eviction/helpers.go). */
export function evictionThresholds(): Kind<Record<string, string>> {
  return amounts({
    ...{ sign: '<', amount: 'AMOUNT', known: Object.keys(SIGNALS) },
    unknown: 'is no eviction signal',
    isGood: (text) => (thresholdOf(text, 100) ?? -1) >= 0,
    good: 'a quantity or a percentage, zero or more',
  });
}

function amounts({ sign, amount, known, unknown, isGood, good }: AmountRules): Kind<Record<string, string>> {
  const check = (entries: [string, unknown][]): Record<string, string> => {
    for (const [name, value] of entries) {
      within(name, () => {
        if (!known.includes(name)) throw new ValueError(`${unknown}; known are ${known.join(', ')}`);
        if (!isGood(readString(value))) throw mustBe(good, value);
      });
    }
    return Object.fromEntries(entries as [string, string][]);
  };
  return {
    name: 'map of quantities',
    valueName: `NAME${sign}${amount},…`,
    read: (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw mustBe('a map of quantities', value);
      return check(Object.entries(value));
    },
    readFlag: (texts) =>
      check(
        split(texts).map((pair) => {
          const at = pair.indexOf(sign);
          if (at < 1) throw new ValueError(`must be NAME${sign}${amount}, not ${JSON.stringify(pair)}`);
          return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
        }),
      ),
    show: (value) =>
      Object.entries(value)
        .map(([name, text]) => `${name}${sign}${text}`)
        .join(', ') || '(none)',
  };
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** A comma that begins another `Name:value`, as the kubelet's flag allows; any other comma belongs to the value. */
const NEXT_HEADER = /,(?=[!#$%&'*+.^_`|~0-9A-Za-z-]+:)/;

/** HTTP header name → values. Values are never repeated in messages: they are often credentials. */
export function httpHeaders(): Kind<Record<string, string[]>> {
  const check = (headers: Map<string, string[]>): Record<string, string[]> => {
    for (const [name, values] of headers) {
      if (!HEADER_NAME.test(name)) throw new ValueError(`${JSON.stringify(name)} is not an HTTP header name`);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
      if (values.some((value) => /[\0-\x08\x0a-\x1f\x7f]|[^\0-\xff]/.test(value))) {
        throw new ValueError(`the value of ${name} has characters that no HTTP header may have`);
      }
    }
    return Object.fromEntries(headers);
  };
  return {
    name: 'map of lists of strings',
    valueName: 'NAME:VALUE',
    read: (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw mustBe('a map of lists of strings', value);
      const isStrings = (values: unknown) => Array.isArray(values) && values.every((one) => typeof one === 'string');
      const wrong = Object.keys(value).find((name) => !isStrings((value as Record<string, unknown>)[name]));
      if (wrong !== undefined) throw new ValueError('must be a list of strings', [wrong]);
      return check(new Map(Object.entries(value as Record<string, string[]>)));
    },
    readFlag: (texts) => {
      const headers = new Map<string, string[]>();
      for (const pair of texts.flatMap((text) => text.split(NEXT_HEADER))) {
        const at = pair.indexOf(':');
        if (at < 1) throw new ValueError('must be NAME:VALUE');
        const name = pair.slice(0, at).trim();
        headers.set(name, [...(headers.get(name) ?? []), pair.slice(at + 1).trim()]);
      }
      return check(headers);
    },
    show: (value) => Object.keys(value).join(', ') || '(none)',
  };
}
