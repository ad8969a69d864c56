/** Bytes of a manifest → text, refusing what cannot be one. */

/** Longest manifest file or HTTP body. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;
const SHOWN_BYTES = 16;

export type TextResult = { ok: true; text: string } | { ok: false; message: string };

/** UTF-8 with or without a byte order mark. Everything else is refused with its first bytes in hex. */
export function decodeText(bytes: Uint8Array): TextResult {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    return refuse(`the manifest is larger than the limit of ${MAX_MANIFEST_BYTES} bytes`);
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return refuse(`the manifest is UTF-16; save it as UTF-8 (${firstBytes(bytes)})`);
  }
  const zero = bytes.indexOf(0);
  if (zero >= 0) return refuse(`the manifest has a NUL byte at offset ${zero}: not text (${firstBytes(bytes)})`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse(`the manifest is not UTF-8 text (${firstBytes(bytes)})`);
  }
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(text.slice(0, 1024))) {
    return refuse('the manifest is an HTML or XML page: probably an error page or a proxy answered');
  }
  return { ok: true, text };
}

function firstBytes(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, SHOWN_BYTES), (byte) => byte.toString(16).padStart(2, '0'));
  return `first bytes: ${shown.join(' ')}`;
}

function refuse(message: string): TextResult {
  return { ok: false, message };
}
