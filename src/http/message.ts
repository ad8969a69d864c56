/** What a handler is given and what it gives back. Neither knows of sockets. */
import { notAcceptable } from './status.ts';

export interface Request {
  /** Values of the pattern's `:name` segments, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The Accept header; empty when absent. */
  readonly accept: string;
  readonly user: User;
  /** Of a POST that is served. */
  readonly body?: Body;
}

/** Who asks. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Where nobody has to say who they are. */
export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

export interface Body {
  /** The Content-Type header; empty when absent. */
  readonly type: string;
  readonly bytes: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What is no text, instead of `body`. */
  readonly bytes?: Buffer;
}

/** A request, for whoever counts. */
export interface Asked {
  /** The route's pattern, never the raw path. */
  readonly pattern: string;
  readonly method: string;
  readonly isStream: boolean;
  /** The kubelet's words for its port without login and its other one. */
  readonly serverType: 'readonly' | 'readwrite';
}

/** A request whose answer is complete. */
export interface Answered extends Asked {
  readonly status: number;
  readonly durationMs: number;
}

/** A reply that goes on: `start` is called once the headers are out. */
export interface StreamReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  start(sink: Sink): void;
}

/** The way to one client that reads a stream. */
export interface Sink {
  write(chunk: string | Buffer): void;
  /** Bytes accepted by `write` that the client has not taken yet. */
  pendingBytes(): number;
  /** Resolves when the client has taken most of it. One that takes nothing for a minute is cut off. */
  drained(): Promise<void>;
  /** Breaks the stream off: the client sees that it is not whole. */
  destroy(): void;
  /** Ends the stream in order; later writes do nothing. */
  end(): void;
  /** Called once, when the client is gone or the stream has ended. */
  onClose(listener: () => void): void;
}

const JSON_TYPE = 'application/json';

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'Content-Type': JSON_TYPE, ...headers }, body: `${JSON.stringify(value)}\n` };
}

/** What is JSON already. */
export function jsonText(body: string): Reply {
  return { status: 200, headers: { 'Content-Type': JSON_TYPE }, body: `${body}\n` };
}

export function text(body: string, status = 200, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, body };
}

/** Any value but `false` and `0` is true, as apimachinery converts query parameters. */
export function isTrue(text: string | null): boolean {
  return text !== null && text.toLowerCase() !== 'false' && text !== '0';
}

/** A form of JSON that a client may ask for with `as=KIND;g=GROUP;v=VERSION`. */
export interface Form {
  readonly as: string;
  readonly group: string;
  readonly versions: readonly string[];
}

export const TABLE: Form = { as: 'Table', group: 'meta.k8s.io', versions: ['v1', 'v1beta1'] };
export const AGGREGATED: Form = {
  as: 'APIGroupDiscoveryList',
  group: 'apidiscovery.k8s.io',
  versions: ['v2', 'v2beta1'],
};

/**
 * Picks the form that the Accept header prefers among `forms` (as a version of that form) and plain JSON (`undefined`).
 * JSON is accepted by every known client that says so anywhere, so a header is refused (406) only when nothing in it
 * could mean JSON. Parameters: apimachinery's `as`, `g`, `v`.
 */
export function negotiate(accept: string, form: Form | undefined): string | undefined {
  if (accept.trim() === '') return undefined;
  for (const clause of clauses(accept)) {
    const { type, parameters } = clause;
    if (type !== JSON_TYPE && type !== '*/*' && type !== 'application/*') continue;
    const as = parameters.get('as');
    if (as === undefined) return undefined;
    const version = parameters.get('v') ?? '';
    if (form && as === form.as && parameters.get('g') === form.group && form.versions.includes(version)) return version;
  }
  throw notAcceptable();
}

/** Clauses in order of preference; those with q=0 left out. */
function clauses(accept: string): { type: string; parameters: Map<string, string>; quality: number }[] {
  return accept
    .split(',')
    .map((clause) => {
      const [type = '', ...rest] = clause.split(';').map((part) => part.trim());
      const parameters = new Map(rest.map((part) => splitOnce(part, '=')));
      const quality = Number(parameters.get('q') ?? '1');
      return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
