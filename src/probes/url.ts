import type { Probe } from '../kubelet/types.ts';
import { hostPort } from './address.ts';

/** Where one request goes. */
export interface Address {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** Path and query as they are sent. */
  readonly target: string;
}

/** The URL of an httpGet action. Its path may have a query (pkg/probe/http/request.go formatURL). */
export function addressOf(action: NonNullable<Probe['httpGet']>, host: string, port: number): Address {
  const scheme = action.scheme?.toUpperCase() === 'HTTPS' ? 'https' : 'http';
  return { scheme, host, port, target: requestTarget(action.path ?? '/') };
}

/** As people and error messages write it. */
export function urlText({ scheme, host, port, target }: Address): string {
  return `${scheme}://${hostPort(host, port)}${target}`;
}

function requestTarget(path: string): string {
  // What is no URL is taken as a path in whole, as Go does.
  if (/%(?![0-9a-f]{2})/i.test(path))
    return rooted(encoded(path.replaceAll('%', '%25').replaceAll('?', '%3F').replaceAll('#', '%23')));
  const [beforeFragment = ''] = path.split('#', 1);
  const local = beforeFragment.replace(/^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?]*/i, '');
  const question = local.indexOf('?');
  if (question < 0) return rooted(encoded(local));
  return `${rooted(encoded(local.slice(0, question)))}?${encoded(local.slice(question + 1))}`;
}

function rooted(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

/** Characters that may not stand in a request line, as UTF-8. */
function encoded(text: string): string {
  return text.replace(/[^\x21-\x7e]+|["<>\\^`{|}]/g, (found) => encodeURIComponent(found.toWellFormed()));
}
