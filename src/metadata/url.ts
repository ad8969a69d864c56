/** URLs that somebody named: http, https and file. */
import { fileURLToPath } from 'node:url';
import { get, publicUrl } from '../kubelet/sources/http-get.ts';
import { messageOf } from '../kubelet/sources/regular-file.ts';
import { MAX_RAW_BYTES } from './ingest/types.ts';
import { type FetchContext, MetadataError, type Payload } from './provider.ts';

const TIMEOUT_MS = 10_000;

type UrlContext = Pick<FetchContext, 'machine' | 'env' | 'signal'>;

/** The content; undefined for 404 and 410. Rejects with MetadataError, which shows neither password nor query. */
export async function fetchUrl({ machine, env, signal }: UrlContext, given: string): Promise<Uint8Array | undefined> {
  if (given.startsWith('/')) return machine.read(given);
  if (!URL.canParse(given))
    throw new MetadataError(`what is to be a URL is none: ${given.slice(0, 20)}…`, { final: true });
  const url = new URL(given);
  if (url.protocol === 'file:') return machine.read(fileURLToPath(url));
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new MetadataError(`${publicUrl(url)}: only http, https and file URLs are read`, { final: true });
  try {
    const answer = await get({ url, headers: {}, timeoutMs: TIMEOUT_MS, limitBytes: MAX_RAW_BYTES, env, signal });
    if (answer.status === 200) return answer.body;
    if (answer.status === 404 || answer.status === 410) return undefined;
    throw new Error(`the answer has status ${answer.status}`);
  } catch (error) {
    throw new MetadataError(`${publicUrl(url)}: ${messageOf(error)}`, { cause: error });
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
