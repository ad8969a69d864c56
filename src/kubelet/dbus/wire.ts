/**
 * D-Bus messages as bytes: the part of the D-Bus Specification that talking to systemd takes. Pure.
 *
 * Bodies hold the basic types y b i u t s o g, variants (`[type, value]`), arrays and structs (both as arrays).
 */

export type MessageType = 'call' | 'return' | 'error' | 'signal';

export interface Message {
  readonly type: MessageType;
  readonly serial: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  readonly sender?: string;
  readonly signature?: string;
  /** One value per type of the signature; undefined when it holds other types. */
  readonly body?: readonly unknown[];
}

const TYPES: readonly (MessageType | undefined)[] = [undefined, 'call', 'return', 'error', 'signal'];
/** Code, name and type of each header field. */
const FIELDS = [
  [1, 'path', 'o'],
  [2, 'interface', 's'],
  [3, 'member', 's'],
  [4, 'errorName', 's'],
  [5, 'replySerial', 'u'],
  [6, 'destination', 's'],
  [7, 'sender', 's'],
  [8, 'signature', 'g'],
] as const;
const HEADER_BYTES = 16;
/** By the first letter of a type. */
const ALIGNMENT: Readonly<Record<string, number>> = {
  y: 1,
  g: 1,
  v: 1,
  b: 4,
  i: 4,
  u: 4,
  s: 4,
  o: 4,
  a: 4,
  t: 8,
  '(': 8,
};
/** Of arrays, structs and variants in each other, as in the specification. */
const MAX_DEPTH = 64;
/** The specification allows 128 MiB; nothing that is asked for here is long. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Little-endian. Throws for types that it does not know. */
export function encodeMessage(message: Message): Buffer {
  const body = new Writer();
  for (const [index, type] of typesOf(message.signature ?? '').entries()) body.value(type, message.body?.[index]);
  const fields = new Writer();
  for (const [code, name, type] of FIELDS) {
    const value = message[name];
    if (value === undefined || (name === 'signature' && value === '')) continue;
    fields.align(8);
    fields.value('y', code);
    fields.value('g', type);
    fields.value(type, value);
  }
  const head = new Writer();
  for (const byte of ['l'.charCodeAt(0), TYPES.indexOf(message.type), 0, 1]) head.value('y', byte);
  for (const word of [body.bytes.length, message.serial, fields.bytes.length]) head.value('u', word);
  head.append(fields.bytes);
  head.align(8);
  head.append(body.bytes);
  return head.bytes;
}

/** The length of the message that begins `bytes`; undefined when more is needed to tell. Throws when there is none. */
export function messageLength(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  if (bytes[0] !== 'l'.charCodeAt(0) && bytes[0] !== 'B'.charCodeAt(0)) throw new Error('not a D-Bus message');
  const little = bytes[0] === 'l'.charCodeAt(0);
  const word = (at: number) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const length = aligned(HEADER_BYTES + word(12), 8) + word(4);
  if (length > MAX_MESSAGE_BYTES) throw new Error(`a D-Bus message of ${length} bytes is too long`);
  return length;
}

/** `bytes` is one whole message. Throws when it is damaged. */
export function decodeMessage(bytes: Buffer): Message {
  const reader = new Reader(bytes, bytes[0] === 'l'.charCodeAt(0));
  reader.at = 1;
  const type = TYPES[reader.value('y') as number];
  reader.at = 8;
  const serial = reader.value('u') as number;
  const end = HEADER_BYTES + (reader.value('u') as number);
  const fields: Record<string, unknown> = {};
  for (reader.align(8); reader.at < end; reader.align(8)) {
    const code = reader.value('y');
    const value = reader.value('v');
    const [, name] = FIELDS.find(([known]) => known === code) ?? [];
    if (name) fields[name] = value;
  }
  if (!type) throw new Error('a D-Bus message of an unknown type');
  reader.at = aligned(end, 8);
  const signature = typeof fields.signature === 'string' ? fields.signature : '';
  const body = readBody(reader, signature);
  return { type, serial, ...fields, ...(body && { body }) };
}

/** Undefined when there are other types in it, also inside of a variant. */
function readBody(reader: Reader, signature: string): unknown[] | undefined {
  try {
    return typesOf(signature).map((type) => reader.value(type));
  } catch (error) {
    if (error instanceof UnknownType) return undefined;
    throw error;
  }
}

class UnknownType extends Error {
  constructor(type: string) {
    super(`D-Bus type ${type} is not known here`);
  }
}

/** The complete types that a signature is made of: `sa(sv)` is `s` and `a(sv)`. */
function typesOf(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length; ) {
    const end = typeEnd(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function typeEnd(signature: string, start: number): number {
  let at = start;
  while (signature[at] === 'a') at += 1;
  if (signature[at] !== '(') {
    if (at === signature.length) throw new UnknownType(signature);
    return at + 1;
  }
  let depth = 0;
  for (; at < signature.length; at += 1) {
    if (signature[at] === '(') depth += 1;
    else if (signature[at] === ')') depth -= 1;
    if (depth === 0) return at + 1;
  }
  throw new UnknownType(signature);
}

/** Of a struct; one without members, or that does not end, is no type. */
function membersOf(type: string): string[] {
  const members = type.endsWith(')') ? typesOf(type.slice(1, -1)) : [];
  if (members.length === 0) throw new UnknownType(type);
  return members;
}

const alignmentOf = (type: string): number => ALIGNMENT[type[0] as string] ?? 1;
const aligned = (at: number, to: number): number => Math.ceil(at / to) * to;

class Writer {
  #chunks: Buffer[] = [];
  #length = 0;

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  append(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  align(to: number): void {
    this.append(Buffer.alloc(aligned(this.#length, to) - this.#length));
  }

  value(type: string, value: unknown): void {
    this.align(alignmentOf(type));
    if (type === 'y') this.append(Buffer.from([value as number]));
    else if (type === 's' || type === 'o') {
      this.value('u', Buffer.byteLength(value as string));
      this.append(Buffer.from(`${value}\0`));
    } else if (type === 'g')
      this.append(Buffer.concat([Buffer.from([(value as string).length]), Buffer.from(`${value}\0`)]));
    else if (type === 't') {
      const eight = Buffer.alloc(8);
      eight.writeBigUInt64LE(value as bigint);
      this.append(eight);
    } else if (type === 'v') {
      const [inner, content] = value as [string, unknown];
      this.value('g', inner);
      this.value(inner, content);
    } else if (type === 'b' || type === 'u' || type === 'i') {
      const four = Buffer.alloc(4);
      if (type === 'i') four.writeInt32LE(value as number);
      else four.writeUInt32LE(Number(value));
      this.append(four);
    } else if (type.startsWith('a')) {
      const length = Buffer.alloc(4);
      this.append(length);
      const element = type.slice(1);
      this.align(alignmentOf(element));
      const start = this.#length;
      for (const one of value as unknown[]) this.value(element, one);
      length.writeUInt32LE(this.#length - start);
    } else if (type.startsWith('('))
      for (const [index, member] of membersOf(type).entries()) this.value(member, (value as unknown[])[index]);
    else throw new UnknownType(type);
  }
}

class Reader {
  at = 0;
  #depth = 0;
  readonly #bytes: Buffer;
  readonly #little: boolean;

  constructor(bytes: Buffer, little: boolean) {
    this.#bytes = bytes;
    this.#little = little;
  }

  align(to: number): void {
    this.at = aligned(this.at, to);
  }

  value(type: string): unknown {
    this.align(alignmentOf(type));
    switch (type[0]) {
      case 'y':
        return this.#take(1)[0];
      case 'b':
        return this.value('u') !== 0;
      case 'u': {
        const four = this.#take(4);
        return this.#little ? four.readUInt32LE() : four.readUInt32BE();
      }
      case 'i': {
        const four = this.#take(4);
        return this.#little ? four.readInt32LE() : four.readInt32BE();
      }
      case 't': {
        const eight = this.#take(8);
        return this.#little ? eight.readBigUInt64LE() : eight.readBigUInt64BE();
      }
      case 's':
      case 'o':
        return this.#text(this.value('u') as number);
      case 'g':
        return this.#text(this.value('y') as number);
      case 'v':
        return this.#nested(() => this.value(this.value('g') as string));
      case '(':
        return this.#nested(() => membersOf(type).map((member) => this.value(member)));
      case 'a':
        return this.#nested(() => {
          const length = this.value('u') as number;
          this.align(alignmentOf(type.slice(1)));
          const end = this.at + length;
          const elements: unknown[] = [];
          while (this.at < end) elements.push(this.value(type.slice(1)));
          return elements;
        });
      default:
        throw new UnknownType(type);
    }
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new Error('a D-Bus message of too many parts in each other');
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #text(length: number): string {
    return this.#take(length + 1).toString('utf8', 0, length);
  }

  #take(length: number): Buffer {
    if (this.at + length > this.#bytes.length) throw new Error('a D-Bus message that is cut short');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}
