/** MIME messages (RFC 2045, 2046) → their parts. Only what user-data is made of: no comments in headers, no RFC 2231. */

import { Refusal } from './types.ts';
import { decodeBase64 } from './unwrap.ts';

const MAX_DEPTH = 4;
const MAX_PARTS = 100;
const MAX_HEADER_LINES = 100;

export interface MimePart {
  /** Lower case, without parameters; empty when the part does not say. */
  type: string;
  filename?: string;
  /** The machine of a request it is for; absent: every one. */
  launchIndex?: number;
  /** After the transfer encoding. */
  bytes: Uint8Array;
}

/** A message begins with headers, of which one says what it is. */
export function isMime(text: string): boolean {
  const start = text.trimStart();
  if (!/^(?:[\w-]+:|From )/.test(start)) return false;
  const head = start.slice(0, 8192).split(/\r?\n\r?\n/, 1)[0] ?? '';
  return /^content-type:\s*[\w.-]+\/[\w.+-]+/im.test(head) || /^mime-version:\s*\d/im.test(head);
}

/** The parts that are no multiparts themselves, in order. Throws Refusal. */
export function readMime(bytes: Uint8Array): MimePart[] {
  const parts: MimePart[] = [];
  // One character is one byte: positions and contents stay what they are.
  collect(Buffer.from(bytes).toString('latin1').trimStart(), parts, 0);
  return parts;
}

function collect(message: string, parts: MimePart[], depth: number): void {
  const { headers, body } = splitHeaders(message);
  const { value, parameters } = headerValue(headers.get('content-type') ?? '');
  if (value.startsWith('multipart/')) {
    if (depth >= MAX_DEPTH) throw new Refusal(`multiparts nested more than ${MAX_DEPTH} deep`);
    const boundary = parameters.get('boundary');
    if (!boundary) throw new Refusal('a multipart has no boundary in its Content-Type');
    for (const part of splitParts(body, boundary)) collect(part, parts, depth + 1);
    return;
  }
  if (parts.length >= MAX_PARTS) throw new Refusal(`more than ${MAX_PARTS} parts`);
  const disposition = headerValue(headers.get('content-disposition') ?? '').parameters;
  const filename = disposition.get('filename') ?? parameters.get('name');
  const launchIndex = headers.get('launch-index');
  parts.push({
    type: value,
    ...(filename !== undefined && { filename }),
    ...(launchIndex !== undefined && /^\d+$/.test(launchIndex) && { launchIndex: Number(launchIndex) }),
    bytes: decodeTransfer(body, headers.get('content-transfer-encoding') ?? ''),
  });
}

function splitHeaders(message: string): { headers: Map<string, string>; body: string } {
  const end = /(?:^|\r?\n)\r?\n/.exec(message);
  const head = end ? message.slice(0, end.index) : message;
  const headers = new Map<string, string>();
  const lines = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  if (lines.length > MAX_HEADER_LINES) throw new Refusal(`more than ${MAX_HEADER_LINES} header lines in a part`);
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return { headers, body: end ? message.slice(end.index + end[0].length) : '' };
}

function headerValue(header: string): { value: string; parameters: Map<string, string> } {
  const parameters = new Map<string, string>();
  for (const match of header.matchAll(/;\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g)) {
    const [, name = '', quoted, plain = ''] = match;
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain);
  }
  return { value: (header.split(';', 1)[0] ?? '').trim().toLowerCase(), parameters };
}

/** Without the closing delimiter the end may be missing: that is how truncated user-data looks. */
function splitParts(body: string, boundary: string): string[] {
  const delimiter = new RegExp(`(?:^|\\r?\\n)--${boundary.replace(/[^\w]/g, '\\$&')}(--)?[ \\t]*(?=\\r?\\n|$)`, 'g');
  const parts: string[] = [];
  let start: number | undefined;
  for (const match of body.matchAll(delimiter)) {
    if (start !== undefined) parts.push(body.slice(start, match.index).replace(/^\r?\n/, ''));
    start = match.index + match[0].length;
    if (match[1]) return parts;
    if (parts.length > MAX_PARTS) throw new Refusal(`more than ${MAX_PARTS} parts`);
  }
  throw new Refusal('the multipart has no closing boundary: it was cut off on the way');
}

function decodeTransfer(body: string, encoding: string): Uint8Array {
  switch (encoding.toLowerCase()) {
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return Buffer.from(body, 'latin1');
    case 'base64':
      return decodeBase64(Buffer.from(body, 'latin1'));
    case 'quoted-printable': {
      const joined = body.replace(/=[ \t]*\r?\n/g, '');
      const decoded = joined.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
      return Buffer.from(decoded, 'latin1');
    }
    default:
      throw new Refusal(`the Content-Transfer-Encoding "${encoding.slice(0, 40)}" is unknown`);
  }
}
