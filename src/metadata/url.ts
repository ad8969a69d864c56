/** URLs that somebody named: http, https and file. */
import { fileURLToPath } from 'node:url';
import { get, publicUrl } from '../kubelet/sources/http-get.ts';
import { messageOf } from '../kubelet/sources/regular-file.ts';
import { MAX_RAW_BYTES } from './ingest/types.ts';
import { type FetchContext, MetadataError, type Payload } from './provider.ts';
import { isPage, pageText } from './service.ts';

const TIMEOUT_MS = 10_000;

type UrlContext = Pick<FetchContext, 'machine' | 'env' | 'signal'>;

const ABSENT = [404, 410];
/** Stores that do not list their files say 403 for one that is not there. */
const PERHAPS_ABSENT = [...ABSENT, 403];

/**
 * The content; undefined for 404 and 410, and for 403 and pages of HTML where it may be absent. Rejects with MetadataError, which shows neither
 * password nor query.
 */
export async function fetchUrl(
  { machine, env, signal }: UrlContext,
  given: string,
  optional = false,
): Promise<Uint8Array | undefined> {
  if (given.startsWith('/')) return machine.read(given);
  if (!URL.canParse(given))
    throw new MetadataError(`what is to be a URL is none: ${given.slice(0, 20)}…`, { final: true });
  const url = new URL(given);
  if (url.protocol === 'file:') return machine.read(fileURLToPath(url));
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new MetadataError(`${publicUrl(url)}: only http, https and file URLs are read`, { final: true });
  try {
    const answer = await get({ url, headers: {}, timeoutMs: TIMEOUT_MS, limitBytes: MAX_RAW_BYTES, env, signal });
    const page = answer.status === 200 && isPage(answer.body);
    if (page && !optional) throw new MetadataError(pageText(publicUrl(url)), { kind: 'identity' });
    if (answer.status === 200 && !page) return answer.body;
    // Some servers have a page for whatever they do not have.
    if (page || (optional ? PERHAPS_ABSENT : ABSENT).includes(answer.status)) return undefined;
    const kind = answer.status === 401 || answer.status === 403 ? 'denied' : 'status';
    throw new MetadataError(`${publicUrl(url)}: the answer has status ${answer.status}`, { kind });
  } catch (error) {
    if (error instanceof MetadataError) throw error;
    throw new MetadataError(`${publicUrl(url)}: ${messageOf(error)}`, { cause: error, kind: 'unreachable' });
  }
}

/** Several manifests as one input: a message of parts. None: no payload. */
export function joined(name: string, files: readonly { name: string; bytes: Uint8Array }[]): Payload[] {
  if (files.length === 0) return [];
  const boundary = 'rower-manifests';
  const parts = files.map(({ name: filename, bytes }) =>
    [
      `--${boundary}`,
      `Content-Disposition: attachment; filename="${filename.replace(/["\\\r\n]/g, '')}"`,
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(bytes).toString('base64'),
      '',
    ].join('\n'),
  );
  const message = `Content-Type: multipart/mixed; boundary="${boundary}"\n\n${parts.join('')}--${boundary}--\n`;
  return [{ name, bytes: Buffer.from(message) }];
}
