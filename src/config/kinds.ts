/**
 * The kinds of values a setting can have: how each is read from a KubeletConfiguration file and from a flag.
 *
 * To add one: 1. a function that returns a `Kind`; 2. a row in test/config/kinds.test.ts.
 */
import { isIP } from 'node:net';
import path from 'node:path';
import { quantityValue } from '../kubelet/manifest/quantity.ts';
import { formatDuration, parseDuration } from './duration.ts';

/** Why a value is refused. The caller adds where it was written. */
export class ValueError extends Error {
  /** Where inside the value: keys of maps and indexes of lists, outermost first. */
  readonly place: readonly string[];
  constructor(message: string, place: readonly string[] = []) {
    super(message);
    this.name = 'ValueError';
    this.place = place;
  }
}

export interface Kind<T> {
  /** For the documentation, e.g. `duration`. */
  name: string;
  /** For `--help`, e.g. `DURATION`. */
  valueName: string;
  /** From YAML or JSON. Relative paths are taken from `directory`. Throws ValueError. */
  read(value: unknown, directory: string): T;
  /** From the texts given to a flag, in order. Relative paths are taken from `directory`. Throws ValueError. */
  readFlag(texts: readonly string[], directory: string): T;
  /** As a person would write it, for documentation. */
  show(value: T): string;
}

export interface IntRange {
  min: number;
  max: number;
}

const INT32: IntRange = { min: -(2 ** 31), max: 2 ** 31 - 1 };

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return `${typeof value === 'string' ? 'the string' : `the ${typeof value}`} ${JSON.stringify(value)?.slice(0, 60)}`;
}

/** `must be X, not Y`, with Y's type and value. */
export function mustBe(wanted: string, value: unknown, hint = ''): ValueError {
  return new ValueError(`must be ${wanted}, not ${typeName(value)}${hint && `; ${hint}`}`);
}

export function readString(value: unknown): string {
  if (typeof value !== 'string') {
    throw mustBe('a string', value, typeof value === 'number' || typeof value === 'boolean' ? 'put it in quotes' : '');
  }
  if (value.includes('\0')) throw new ValueError('must not contain a NUL character');
  return value;
}

function readStrings(value: unknown): string[] {
  if (!Array.isArray(value)) throw mustBe('a list of strings', value);
  return value.map((item, index) => within(index, () => readString(item)));
}

/** Runs `read` for one item of a list or map, whose index or key goes into its complaint. */
export function within<T>(item: string | number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ValueError) throw new ValueError(error.message, [String(item), ...error.place]);
    throw error;
  }
}

function last(texts: readonly string[]): string {
  return texts.at(-1) ?? '';
}

/** A kind whose values are strings, checked and perhaps rewritten by `check`. */
function stringKind(name: string, valueName: string, check: (text: string, directory: string) => string): Kind<string> {
  return {
    name,
    valueName,
    read: (value, directory) => check(readString(value), directory),
    readFlag: (texts, directory) => check(readString(last(texts)), directory),
    show: (value) => value || '(empty)',
  };
}

/** Comma-separated texts of one flag that may be given several times. */
export function split(texts: readonly string[]): string[] {
  return texts.flatMap((text) => (text === '' ? [] : text.split(',')));
}

export function text(): Kind<string> {
  return stringKind('string', 'TEXT', (value) => value);
}

export function oneOf<T extends string>(...choices: readonly T[]): Kind<T> {
  const check = (value: string): T => {
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw new ValueError(`must be ${choices.join(' or ')}, not ${JSON.stringify(value)}`);
    return found;
  };
  return {
    name: choices.map((choice) => `\`${choice}\``).join(' or '),
    valueName: choices.join('|'),
    read: (value) => check(readString(value)),
    readFlag: (texts) => check(last(texts)),
    show: (value) => value,
  };
}

/** A file or directory. Made absolute; empty stays empty where `allowEmpty`. */
export function filePath(options: { allowEmpty?: boolean } = {}): Kind<string> {
  return stringKind('path', 'PATH', (value, directory) => {
    if (value === '' && options.allowEmpty) return '';
    if (value === '') throw new ValueError('must be a path, not empty');
    return path.resolve(directory, value);
  });
}

/** A gRPC endpoint on a unix socket: `unix:///run/x.sock`, or the bare absolute path. */
export function unixEndpoint(): Kind<string> {
  return stringKind('unix socket', 'ENDPOINT', (value) => {
    if (value === '') return '';
    const socket = value.startsWith('unix://') ? value.slice('unix://'.length) : value;
    if (!path.isAbsolute(socket)) {
      throw new ValueError(
        `must be a unix socket such as unix:///run/containerd/containerd.sock, not ${JSON.stringify(value)}`,
      );
    }
    return `unix://${path.normalize(socket)}`;
  });
}

/** A list that the user fills with one endpoint; the default may name several. */
export function unixEndpoints(): Kind<string[]> {
  const one = unixEndpoint();
  const required = (endpoint: string) => {
    if (endpoint === '') throw new ValueError('must be a unix socket, not empty');
    return [endpoint];
  };
  return {
    name: one.name,
    valueName: one.valueName,
    read: (value, directory) => required(one.read(value, directory)),
    readFlag: (texts, directory) => required(one.readFlag(texts, directory)),
    show: (value) => value.join(', then '),
  };
}

/** `http` or `https`; empty means none. The value is not repeated in messages: it may hold a password. */
export function httpUrl(): Kind<string> {
  return stringKind('URL', 'URL', (value) => {
    if (value === '') return '';
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (!url || !/^https?:$/.test(url.protocol)) throw new ValueError('must be an http:// or https:// URL');
    return value;
  });
}

export function ipAddress(options: { allowEmpty?: boolean } = {}): Kind<string> {
  return stringKind('IP address', 'IP', (value) => {
    if (value === '' && options.allowEmpty) return '';
    if (!isIP(value)) throw new ValueError(`must be an IP address, not ${JSON.stringify(value)}`);
    return value;
  });
}

/** One address, or one of each family with a comma between, the preferred one first. Empty: none is set. */
export function nodeAddresses(): Kind<string> {
  return stringKind('IP address, or a dual-stack pair', 'IP[,IP]', (value) => {
    const ips = value.split(',').map((ip) => ip.trim());
    const wrong = value === '' ? undefined : ips.find((ip) => !isIP(ip));
    if (wrong !== undefined) throw new ValueError(`must be an IP address, not ${JSON.stringify(wrong)}`);
    if (ips.length > 2 || (ips.length === 2 && isIP(ips[0] ?? '') === isIP(ips[1] ?? '')))
      throw new ValueError(
        `must be a single IP address or a dual-stack pair of them, such as 192.0.2.1,2001:db8::1, not ${JSON.stringify(value)}`,
      );
    const unspecified = ips.find((ip) => ip === '0.0.0.0' || ip === '::');
    if (unspecified !== undefined)
      throw new ValueError(`${unspecified} is no address of a machine; leave it out to have the address found`);
    return ips.join(',');
  });
}

export function boolean(): Kind<boolean> {
  return {
    name: 'boolean',
    valueName: 'true|false',
    read: (value) => {
      if (typeof value !== 'boolean') throw mustBe('true or false', value);
      return value;
    },
    readFlag: (texts) => {
      const value = last(texts);
      if (value !== 'true' && value !== 'false')
        throw new ValueError(`must be true or false, not ${JSON.stringify(value)}`);
      return value === 'true';
    },
    show: String,
  };
}

export function integer(range: Partial<IntRange> = {}): Kind<number> {
  const { min, max } = { ...INT32, ...range };
  const check = (value: unknown): number => {
    if (typeof value !== 'number' || !Number.isInteger(value)) throw mustBe('a whole number', value);
    if (value < min || value > max) {
      const bounds = range.max === undefined ? `at least ${min}` : `between ${min} and ${max}`;
      throw new ValueError(
        `must be ${value > max && range.max === undefined ? `at most ${max}` : bounds}, not ${value}`,
      );
    }
    return value;
  };
  return {
    name: 'integer',
    valueName: 'N',
    read: check,
    readFlag: (texts) => check(/^[-+]?\d{1,15}$/.test(last(texts)) ? Number(last(texts)) : last(texts)),
    show: String,
  };
}

/** Milliseconds, written as a Go duration. */
export function duration(range: { minMs?: number; maxMs?: number; allowZero?: boolean } = {}): Kind<number> {
  const { minMs = 0, maxMs = Number.POSITIVE_INFINITY, allowZero = false } = range;
  const check = (value: unknown): number => {
    if (typeof value !== 'string')
      throw mustBe('a duration such as 20s or 1m30s', value, 'write it as a string with a unit');
    const ms = parseDuration(value);
    if (ms === undefined) throw mustBe('a duration such as 20s or 1m30s', value);
    if (ms === 0 && allowZero) return 0;
    if (ms < minMs || ms > maxMs) {
      const bounds =
        maxMs === Number.POSITIVE_INFINITY
          ? `at least ${formatDuration(minMs)}`
          : `between ${formatDuration(minMs)} and ${formatDuration(maxMs)}`;
      throw new ValueError(`must be ${allowZero ? '0s or ' : ''}${bounds}, not ${value}`);
    }
    return ms;
  };
  return {
    name: 'duration',
    valueName: 'DURATION',
    read: check,
    readFlag: (texts) => check(last(texts)),
    show: formatDuration,
  };
}

/** Bytes, written as a quantity (`10Mi`). */
export function byteSize(): Kind<number> {
  const check = (value: unknown): number => {
    const text = readString(value);
    const bytes = quantityValue(text);
    if (bytes === undefined || bytes <= 0) throw mustBe('a size above zero such as 10Mi or 256Ki', value);
    return bytes;
  };
  return {
    name: 'quantity',
    valueName: 'SIZE',
    read: check,
    readFlag: (texts) => check(last(texts)),
    show: (bytes) => (bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}Mi` : String(bytes)),
  };
}

export function stringList(): Kind<string[]> {
  return {
    name: 'list of strings',
    valueName: 'A,B',
    read: readStrings,
    readFlag: split,
    show: (value) => value.join(', ') || '(none)',
  };
}

export function ipAddresses(): Kind<string[]> {
  const one = ipAddress();
  const check = (values: string[]) => values.map((value, index) => within(index, () => one.read(value, '')));
  return {
    ...stringList(),
    name: 'list of IP addresses',
    valueName: 'IP,IP',
    read: (value) => check(readStrings(value)),
    readFlag: (texts) => check(split(texts)),
  };
}
