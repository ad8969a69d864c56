/**
 * Failures of the network in Go's words, which probe messages and whoever greps them are used to.
 */
import { hostPort } from './address.ts';

const SYSCALL_TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
  EMFILE: 'too many open files',
  EPIPE: 'broken pipe',
};

const SHORTAGES: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS']);

/** This process has no descriptor or no memory left for a connection: that says nothing of who was to be asked. */
export function isOwnShortage(error: unknown): boolean {
  return SHORTAGES.has(first(error).code);
}

type SystemError = Partial<Pick<NodeJS.ErrnoException, 'code' | 'syscall'>> & { address?: string; port?: number };

/** `dial tcp 10.0.0.2:80: connect: connection refused`. */
export function dialText(error: unknown, host: string, port: number): string {
  const { code = '', syscall, address } = first(error);
  if (syscall === 'getaddrinfo') {
    return `dial tcp: lookup ${host}: ${code === 'ENOTFOUND' ? 'no such host' : 'server misbehaving'}`;
  }
  return `dial tcp ${hostPort(address ?? host, port)}: connect: ${SYSCALL_TEXTS[code] ?? messageOf(error)}`;
}

export function dialTimeoutText(host: string, port: number): string {
  return `dial tcp ${hostPort(host, port)}: i/o timeout`;
}

/** A connection that broke after it stood. */
export function brokenText(error: unknown): string {
  const { code = '', syscall } = first(error);
  // Node's own word for a server that closed without an answer.
  if (messageOf(error) === 'socket hang up') return 'EOF';
  if (messageOf(error) === 'aborted') return 'unexpected EOF';
  if (/wrong.version.number|packet length too long/i.test(messageOf(error))) {
    return 'http: server gave HTTP response to HTTPS client';
  }
  const text = SYSCALL_TEXTS[code];
  if (text && syscall) return `${syscall}: ${text}`;
  return code.startsWith('HPE_') ? `malformed HTTP response: ${messageOf(error)}` : messageOf(error);
}

/** Several addresses of one name were tried. */
function first(error: unknown): SystemError {
  const one = error instanceof AggregateError ? error.errors[0] : error;
  return typeof one === 'object' && one !== null ? one : {};
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
