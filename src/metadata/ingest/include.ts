/** `#include`: one URL a line. A pin may follow it: `https://host/pod.yaml sha256=<64 hex digits>`. */
import { createHash } from 'node:crypto';
import { type IncludeUrl, Refusal } from './types.ts';

const MAX_URLS = 10;
/** Not routed: what answers there is the cloud itself. */
const LINK_LOCAL = /^(?:169\.254\.\d+\.\d+|\[fe80:[0-9a-f:]+\]|\[fd00:ec2::254\])$/i;

/** Throws Refusal. */
export function readIncludes(text: string): IncludeUrl[] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/^#include(?:-once)?\b/, '').trim());
  const urls = lines.filter((line) => line !== '' && !line.startsWith('#')).map(includeUrl);
  if (urls.length > MAX_URLS) throw new Refusal(`more than ${MAX_URLS} URLs in one #include`);
  return urls;
}

/** Throws Refusal when the content is not the pinned one. */
export function checkPin(bytes: Uint8Array, { sha256 }: IncludeUrl): void {
  if (sha256 === undefined) return;
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new Refusal(`has sha256 ${found}, not ${sha256} as it must`);
}

function includeUrl(line: string): IncludeUrl {
  const [given = '', ...pins] = line.split(/\s+/);
  const pin = /^sha256=([0-9a-f]{64})$/i.exec(pins[0] ?? '')?.[1];
  if (pins.length > 0 && (pin === undefined || pins.length > 1))
    throw new Refusal(`after the URL of an #include only sha256=<64 hex digits> may stand`);
  if (!URL.canParse(given)) throw new Refusal('a line of #include is no URL');
  const url = new URL(given);
  const allowed =
    url.protocol === 'https:' || (url.protocol === 'http:' && (pin !== undefined || LINK_LOCAL.test(url.hostname)));
  if (!allowed)
    throw new Refusal(`#include of ${url.protocol}//${url.host}: take https, or pin the content with sha256=`);
  return { url: url.href, ...(pin !== undefined && { sha256: pin.toLowerCase() }) };
}
