/** Kinds of settings that are maps. */
import { parseQuantity } from '../kubelet/manifest/quantity.ts';
import { SIGNALS, thresholdOf } from '../kubelet/status/pressure.ts';
import { type Kind, mustBe, readString, split, ValueError, within } from './kinds.ts';

/** Resource name → quantity, of the resources that can be reserved (cmd/kubelet/app/server.go, parseResourceList). */
export function reservedResources(): Kind<Record<string, string>> {
  const known = ['cpu', 'memory', 'ephemeral-storage', 'pid'];
  const check = (entries: [string, unknown][]): Record<string, string> => {
    for (const [name, value] of entries) {
      within(name, () => {
        if (!known.includes(name)) throw new ValueError(`cannot be reserved; known are ${known.join(', ')}`);
        const amount = parseQuantity(readString(value));
        if (amount === undefined || amount < 0n) throw mustBe('a quantity of zero or more', value);
      });
    }
    return Object.fromEntries(entries as [string, string][]);
  };
  return {
    name: 'map of quantities',
    valueName: 'NAME=QUANTITY,…',
    read: (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw mustBe('a map of quantities', value);
      return check(Object.entries(value));
    },
    readFlag: (texts) =>
      check(
        split(texts).map((pair) => {
          const at = pair.indexOf('=');
          if (at < 1) throw new ValueError(`must be NAME=QUANTITY, not ${JSON.stringify(pair)}`);
          return [pair.slice(0, at), pair.slice(at + 1)];
        }),
      ),
    show: (value) =>
      Object.entries(value)
        .map(([name, amount]) => `${name}=${amount}`)
        .join(', ') || '(none)',
  };
}

/** Eviction signal → quantity or percentage; flags are written `NAME<AMOUNT` (pkg/kubelet/eviction/helpers.go). */
export function evictionThresholds(): Kind<Record<string, string>> {
  const known = Object.keys(SIGNALS);
  const check = (entries: [string, unknown][]): Record<string, string> => {
    for (const [name, value] of entries) {
      within(name, () => {
        if (!known.includes(name)) throw new ValueError(`is no eviction signal; known are ${known.join(', ')}`);
        const amount = thresholdOf(readString(value), 100);
        if (amount === undefined || amount < 0) throw mustBe('a quantity or a percentage, zero or more', value);
      });
    }
    return Object.fromEntries(entries as [string, string][]);
  };
  return {
    name: 'map of quantities',
    valueName: 'NAME<AMOUNT,…',
    read: (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw mustBe('a map of quantities', value);
      return check(Object.entries(value));
    },
    readFlag: (texts) =>
      check(
        split(texts).map((pair) => {
          const at = pair.indexOf('<');
          if (at < 1) throw new ValueError(`must be NAME<AMOUNT, not ${JSON.stringify(pair)}`);
          return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
        }),
      ),
    show: (value) =>
      Object.entries(value)
        .map(([name, amount]) => `${name}<${amount}`)
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
