/**
 * What a signed manifest says of itself, so that it is not given again where or when it was not meant: the annotations
 * `rower.dev/serial`, `rower.dev/audience` and `rower.dev/not-after`, or the same words after `#rower:`. Only what is
 * signed is believed.
 */
import { type Directives, readAudience, readNotAfter, readSerial } from './directives.ts';
import { at, isRecord, listAt, textAt } from './record.ts';
import { Refusal } from './types.ts';

/** `Pod default/web` → the highest serial that was taken. */
export type Serials = ReadonlyMap<string, number>;

export interface ClaimContext {
  serials: Serials;
  /** Where they are kept, for messages. */
  serialsFile: string;
  nowMs: number;
  provider: string;
  instanceId?: string;
  /** Attributes of the machine. */
  variables: ReadonlyMap<string, string>;
}

const SERIAL = 'rower.dev/serial';
const AUDIENCE = 'rower.dev/audience';
const NOT_AFTER = 'rower.dev/not-after';
const MAX_LIST_DEPTH = 4;
const MAX_PATTERN_LENGTH = 200;

/** Serials of the objects that have one. Throws Refusal when one of them is not for this machine or not for now. */
export function checkClaims(
  documents: readonly unknown[],
  directives: Directives,
  context: ClaimContext,
): Map<string, number> {
  const serials = new Map<string, number>();
  checkAudience(directives.audience, context);
  checkTime(directives.notAfterMs, context);
  for (const { key, value } of objectsOf(documents)) {
    const annotations = at(value, 'metadata', 'annotations');
    checkAudience(read(annotations, AUDIENCE, key, readAudience, 'patterns with commas between'), context);
    checkTime(read(annotations, NOT_AFTER, key, readNotAfter, 'a date such as 2030-01-31, or RFC 3339'), context);
    const serial = read(annotations, SERIAL, key, readSerial, 'a whole number in quotes') ?? directives.serial;
    checkSerial(key, serial, context);
    if (serial !== undefined) serials.set(key, Math.max(serial, serials.get(key) ?? 0));
  }
  return serials;
}

function read<T>(
  annotations: unknown,
  name: string,
  key: string,
  reader: (text: string) => T | undefined,
  expects: string,
): T | undefined {
  const text = textAt(annotations, name);
  if (text === undefined) return undefined;
  const value = reader(text);
  if (value === undefined)
    throw new Refusal(`${key}: the annotation ${name} must be ${expects}, not ${JSON.stringify(text.slice(0, 40))}`);
  return value;
}

function checkSerial(key: string, serial: number | undefined, { serials, serialsFile }: ClaimContext): void {
  const seen = serials.get(key);
  if (seen === undefined || (serial !== undefined && serial >= seen)) return;
  const has = serial === undefined ? 'no serial' : `the serial ${serial}`;
  throw new Refusal(
    `${key} has ${has}, and ${seen} was taken before: an old manifest may have been given again. Sign it with ${SERIAL} ${seen} or higher, or remove ${serialsFile} to forget what was taken`,
  );
}

function checkTime(notAfterMs: number | undefined, { nowMs }: ClaimContext): void {
  if (notAfterMs !== undefined && nowMs >= notAfterMs)
    throw new Refusal(
      `was to be taken until ${new Date(notAfterMs).toISOString().replace('.000', '')}, which is over: sign it with a later not-after`,
    );
}

function checkAudience(patterns: readonly string[] | undefined, context: ClaimContext): void {
  if (!patterns || patterns.some((pattern) => isMeant(pattern, context))) return;
  const { provider, instanceId } = context;
  const me = instanceId === undefined ? `provider ${provider}` : `instance ${instanceId} of ${provider}`;
  throw new Refusal(
    `is signed for ${patterns.join(', ').slice(0, 200)}, and this is ${me}: sign it for this machine too`,
  );
}

/** The provider's name, the instance id, or `tag=value`; `*` stands for any text. */
function isMeant(pattern: string, { provider, instanceId, variables }: ClaimContext): boolean {
  const [tag, value] = /^([^=]+)=(.*)$/s.exec(pattern)?.slice(1) ?? [];
  if (tag !== undefined && value !== undefined) {
    const found = variables.get(`tags.${tag}`) ?? variables.get(tag);
    return found !== undefined && matches(value, found);
  }
  return pattern === provider || (instanceId !== undefined && matches(pattern, instanceId));
}

function matches(pattern: string, text: string): boolean {
  if (pattern.length > MAX_PATTERN_LENGTH) return false;
  const pieces = pattern.split('*');
  const [first = '', last = ''] = [pieces[0], pieces.at(-1)];
  if (pieces.length === 1) return pattern === text;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, from);
    if (found < 0 || found + piece.length > text.length - last.length) return false;
    from = found + piece.length;
  }
  return true;
}

/** Items of lists, and lists of lists, count as objects of their own. */
function objectsOf(documents: readonly unknown[], depth = 0): { key: string; value: unknown }[] {
  return documents.flatMap((value) => {
    if (!isRecord(value)) return [];
    const { kind, items } = value;
    if (Array.isArray(items) && depth < MAX_LIST_DEPTH) {
      const inherited = typeof kind === 'string' ? kind.replace(/List$/, '') : '';
      return objectsOf(
        listAt(value, 'items').map((item) => (isRecord(item) ? { kind: inherited, ...item } : item)),
        depth + 1,
      );
    }
    const namespace = textAt(value, 'metadata', 'namespace') ?? 'default';
    const name = textAt(value, 'metadata', 'name') ?? '';
    return [{ key: `${typeof kind === 'string' ? kind : 'declaration'} ${namespace}/${name}`, value }];
  });
}
