/**
 * Which Host and Origin headers are ours. A web page of elsewhere can make a browser call a loopback address under a
 * name of its own choosing (DNS rebinding); such a name is not in this list. An address cannot be rebound.
 */
import { isIP } from 'node:net';

/** `localhost`, loopback addresses, the machine's name and addresses; any address when listening on all of them. */
export function hostAllowed(
  host: string | undefined,
  own: { address: string; nodeName: string; ips: readonly string[] },
): boolean {
  if (host === undefined) return true; // HTTP/1.0; no browser leaves it out.
  const name = hostname(host);
  if (name === undefined) return false;
  if (isIP(name) === 0) return name === 'localhost' || name === own.nodeName.toLowerCase();
  if (isLoopback(name) || name === own.address || own.ips.includes(name)) return true;
  return own.address === '0.0.0.0' || own.address === '::';
}

/** Only a page of this endpoint itself may call it from a browser. */
export function originAllowed(origin: string | undefined, host: string | undefined, scheme = 'http'): boolean {
  return origin === undefined || (host !== undefined && origin.toLowerCase() === `${scheme}://${host.toLowerCase()}`);
}

export function isLoopback(address: string): boolean {
  return isIP(address) === 4 ? address.startsWith('127.') : address === '::1';
}

/** The name of a Host header without port and brackets, lower-case. */
function hostname(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s/@]+))(?::\d{1,5})?$/i.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}
