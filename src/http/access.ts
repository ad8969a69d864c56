/** Who may use the full listener: the bearer of its token, and holders of a certificate that the client CA signed. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { readLimited } from '../kubelet/volumes/files.ts';
import type { User } from './message.ts';

const MAX_TOKEN_BYTES = 4096;
const MAX_CERTIFICATE_GROUPS = 32;
/** Shorter ones could be guessed. */
const MIN_TOKEN_CHARS = 16;
/** A token in a WebSocket's protocols follows this (apiserver pkg/authentication/request/websocket). */
export const BEARER_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';
export const TOKEN_USER: User = { name: 'rower:bearer', groups: ['system:authenticated'] };

/** Resolves to nothing for somebody unknown. Never rejects. */
export type Authenticate = (request: IncomingMessage) => Promise<User | undefined>;

/** The token file is read again when it has changed: whoever replaces it shuts former bearers out at once. */
export function authenticator(tokenFile: string): Authenticate {
  let digest: Buffer | undefined;
  let seen = '';
  const wanted = async (): Promise<Buffer | undefined> => {
    const { ino, mtimeMs, ctimeMs, size } = await stat(tokenFile);
    const now = [ino, mtimeMs, ctimeMs, size].join();
    if (now !== seen) {
      const token = (await readLimited(tokenFile, MAX_TOKEN_BYTES)).toString().trim();
      digest = token.length >= MIN_TOKEN_CHARS ? sha256(token) : undefined;
      seen = now;
    }
    return digest;
  };
  return async (request) => {
    const certified = certificateUser(request);
    if (certified) return certified;
    const token = bearerOf(request);
    if (token === undefined) return undefined;
    // Digests have one length, so the comparison tells nothing of the token.
    const expected = await wanted().catch(() => undefined);
    return expected && timingSafeEqual(expected, sha256(token)) ? TOKEN_USER : undefined;
  };
}

/** From the header, or from a WebSocket's protocols: a browser can send no header there. */
function bearerOf({ headers }: IncomingMessage): string | undefined {
  const token = /^Bearer +([^ ]+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (token !== undefined) return token;
  const protocols = String(headers['sec-websocket-protocol'] ?? '').split(',');
  const bearer = protocols.map((one) => one.trim()).find((one) => one.startsWith(BEARER_PROTOCOL));
  return bearer && Buffer.from(bearer.slice(BEARER_PROTOCOL.length), 'base64url').toString();
}

/** The name is the certificate's CN, the groups are its Os, as Kubernetes reads them. */
function certificateUser({ socket }: IncomingMessage): User | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { CN, O } = socket.getPeerCertificate().subject ?? {};
  const [name] = [CN ?? ''].flat();
  if (!name) return undefined;
  const groups = [O ?? []].flat().slice(0, MAX_CERTIFICATE_GROUPS);
  return { name, groups: [...groups, 'system:authenticated'] };
}

function sha256(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
