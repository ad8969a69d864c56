import { KUBERNETES_MINOR } from '../version.ts';
import { hostPort } from './address.ts';
import type { Address } from './url.ts';

export const USER_AGENT = `kube-probe/1.${KUBERNETES_MINOR}`;

/** Set by the one who sends the request. */
const OWN = new Set(['Host', 'User-Agent', 'Content-Length', 'Transfer-Encoding', 'Trailer', 'Connection']);

export interface Hop {
  /** A `Host` header of the manifest goes on over redirects within the server. */
  readonly keepHost: boolean;
  readonly referer: string | undefined;
}

/**
 * Names and values in turn, as Go's client sends them for the kubelet (pkg/probe/http/request.go): given ones win over
 * `User-Agent` and `Accept`, an empty value of these two takes them out.
 */
export function requestHeaders(
  address: Address,
  given: readonly { name: string; value: string }[],
  hop: Hop,
): string[] {
  const headers = new Map<string, string[]>();
  for (const { name, value } of given) {
    const key = canonical(name);
    headers.set(key, [...(headers.get(key) ?? []), latin1(value)]);
  }
  const first = (name: string) => headers.get(name)?.[0];
  const host = (hop.keepHost && first('Host')) || hostPort(address.host, address.port);
  const userAgent = first('User-Agent') ?? USER_AGENT;
  const accept = headers.get('Accept') ?? ['*/*'];
  if (accept[0] === '') headers.delete('Accept');
  else headers.set('Accept', accept);
  if (hop.referer !== undefined && !headers.has('Referer')) headers.set('Referer', [hop.referer]);
  const others = [...headers].filter(([name]) => !OWN.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...['Host', host],
    ...(userAgent ? ['User-Agent', userAgent] : []),
    ...others.flatMap(([name, values]) => values.flatMap((value) => [name, value])),
    ...['Connection', 'close'],
  ];
}

/** `x-custom-header` as `X-Custom-Header`. */
function canonical(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

/** Go sends the bytes of the manifest; Node takes one character for one byte. */
function latin1(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}
