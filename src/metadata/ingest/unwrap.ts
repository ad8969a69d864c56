/** Undoes base64 and gzip around user-data. */
import { gunzipSync } from 'node:zlib';
import { isEncrypted } from './age.ts';
import { MAX_UNPACKED_BYTES, Refusal } from './types.ts';

/** Wrappings inside wrappings. */
const MAX_ROUNDS = 3;
/** Shorter text that happens to be base64 is a word. */
const MIN_GUESSED_LENGTH = 16;

/**
 * The bytes inside. `base64` says that the input is base64; otherwise that is only believed when what comes out is gzip, age or
 * reads like a document. Throws Refusal.
 */
export function unwrap(bytes: Uint8Array, base64 = false): Uint8Array {
  let current = bytes;
  for (let round = 0; ; round += 1) {
    const next = round === 0 && base64 ? decodeBase64(current) : (guessedBase64(current) ?? unzipped(current));
    if (next === undefined) return current;
    if (round >= MAX_ROUNDS) throw new Refusal(`wrapped in base64 or gzip more than ${MAX_ROUNDS} times`);
    current = next;
  }
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Throws Refusal. */
export function gunzip(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new Refusal(`unpacks to more than ${MAX_UNPACKED_BYTES} bytes; give less, or use #include`);
    if (code === 'Z_BUF_ERROR') throw new Refusal('the gzip data ends early: it was cut off on the way');
    throw new Refusal('the gzip data is damaged');
  }
}

/** White space is ignored, padding may be missing. Throws Refusal. */
export function decodeBase64(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1').replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1)
    throw new Refusal('is to be base64 and is not; give it base64-encoded once');
  return Buffer.from(text, 'base64');
}

function unzipped(bytes: Uint8Array): Uint8Array | undefined {
  return isGzip(bytes) ? gunzip(bytes) : undefined;
}

/** A manifest has a colon somewhere, which base64 has not: nothing that is meant as it stands is taken for base64. */
function guessedBase64(bytes: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(bytes).toString('latin1').trim();
  if (text.length < MIN_GUESSED_LENGTH || !/^[A-Za-z0-9+/\s]*={0,2}$/.test(text)) return undefined;
  if (text.replace(/\s+/g, '').length % 4 !== 0) return undefined;
  const decoded = decodeBase64(bytes);
  return isGzip(decoded) || isEncrypted(decoded) || readsLikeDocument(decoded) ? decoded : undefined;
}

function readsLikeDocument(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, 4096)).toString('latin1');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they tell text from binary data.
  if (/[\x00-\x08\x0e-\x1f]/.test(head)) return false;
  return /^\s*(?:[#{-]|[\w"'./-]+\s*:|-----BEGIN)/.test(head);
}
