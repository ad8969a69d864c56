/** The wire of WebSockets as a server that mostly talks needs it (RFC 6455). */
import { createHash } from 'node:crypto';

/** Section 1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** What a client may send in one frame; nothing that is read here is longer. */
const MAX_FRAME_BYTES = 16 * 1024;
/** Section 5.5. */
const MAX_CONTROL_BYTES = 125;

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
export type FrameKind = keyof typeof OPCODES;
const KINDS = new Map(Object.entries(OPCODES).map(([kind, code]) => [code as number, kind as FrameKind]));

export const CLOSE_NORMAL = 1000;
export const CLOSE_PROTOCOL_ERROR = 1002;

/** `Sec-WebSocket-Accept` for a client's key. */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64');
}

/** A whole message in one frame. */
export function frame(kind: FrameKind, payload: Buffer): Buffer {
  const { length } = payload;
  const first = 0x80 | OPCODES[kind];
  if (length < 126) return Buffer.concat([Buffer.of(first, length), payload]);
  const size = length < 0x1_0000 ? Buffer.alloc(2) : Buffer.alloc(8);
  if (size.length === 2) size.writeUInt16BE(length);
  else size.writeBigUInt64BE(BigInt(length));
  return Buffer.concat([Buffer.of(first, size.length === 2 ? 126 : 127), size, payload]);
}

export function closeFrame(code: number): Buffer {
  return frame('close', Buffer.of(code >> 8, code & 0xff));
}

export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Buffer;
}

/** Takes what a client sends, in any pieces, and gives whole frames. Throws Error for what no client may send. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Frame[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (let next = this.#take(); next; next = this.#take()) frames.push(next);
    return frames;
  }

  #take(): Frame | undefined {
    const rest = this.#rest;
    const [first, second] = rest;
    if (first === undefined || second === undefined) return undefined;
    const kind = KINDS.get(first & 0x0f);
    if (kind === undefined || (first & 0x70) !== 0) throw new Error('a frame of a kind that was not agreed on');
    if ((second & 0x80) === 0) throw new Error('a frame that is not masked');
    const short = second & 0x7f;
    const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const isControl = (first & 0x08) !== 0;
    if (isControl && (short > MAX_CONTROL_BYTES || (first & 0x80) === 0)) throw new Error('a control frame in parts');
    const maskAt = 2 + sizeBytes;
    if (rest.length < maskAt + 4) return undefined;
    const length = sizeBytes === 0 ? short : sizeBytes === 2 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (length > MAX_FRAME_BYTES) throw new Error(`a frame of more than ${MAX_FRAME_BYTES} bytes`);
    const end = maskAt + 4 + length;
    if (rest.length < end) return undefined;
    const mask = rest.subarray(maskAt, maskAt + 4);
    const payload = Buffer.from(rest.subarray(maskAt + 4, end).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
    this.#rest = rest.subarray(end);
    return { kind, payload };
  }
}
