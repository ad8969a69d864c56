/**
 * Collects what is wrong with a manifest, worded as the API server words it
 * (staging/src/k8s.io/apimachinery/pkg/util/validation/field): `spec.containers[0].name: Required value`.
 */
import type { ManifestProblem } from '../sources/source.ts';

/** A step into an object: a field, an index into a list, or a key of a free map. */
export type Segment = string | number | { readonly key: string };
export type Path = readonly Segment[];

/** A problem before its place in the text is known. */
export interface Finding {
  severity: ManifestProblem['severity'];
  path: Path;
  message: string;
  /** Where to point in the text, when that is not `path`. */
  place: Path;
  /** Point at the key rather than at its value. */
  atKey: boolean;
  /** Only present when true. */
  unknownField?: true;
}

/** After this many findings the rest of a file is not worth reading. */
const MAX_FINDINGS = 100;
const MAX_SHOWN_VALUE = 160;

/** `spec.containers[0].resources.limits[cpu]` */
export function formatPath(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'string') text += text ? `.${segment}` : segment;
    else text += `[${typeof segment === 'number' ? segment : segment.key}]`;
  }
  return text;
}

export function required(detail = ''): string {
  return detail ? `Required value: ${detail}` : 'Required value';
}

export function invalid(value: unknown, detail: string): string {
  return `Invalid value: ${show(value)}: ${detail}`;
}

export function unsupported(value: unknown, supported: readonly string[]): string {
  return `Unsupported value: ${show(value)}: supported values: ${supported.map((one) => `"${one}"`).join(', ')}`;
}

export function duplicate(value: unknown): string {
  return `Duplicate value: ${show(value)}`;
}

export function notFound(value: unknown): string {
  return `Not found: ${show(value)}`;
}

export function forbidden(detail: string): string {
  return `Forbidden: ${detail}`;
}

/** A value inside a message: text in quotes, cut when it is long. */
function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? 'null');
  return text.length <= MAX_SHOWN_VALUE ? text : `${text.slice(0, MAX_SHOWN_VALUE)}…`;
}

export class Problems {
  readonly findings: Finding[] = [];
  readonly #seen = new Set<string>();
  /** Paths whose value has the wrong type: nothing said about them or below them would help. */
  readonly #broken = new Set<string>();

  error(path: Path, message: string, place: Path = path): void {
    this.#add({ severity: 'error', path, message, place, atKey: false });
  }

  warn(path: Path, message: string): void {
    this.#add({ severity: 'warning', path, message, place: path, atKey: true });
  }

  /** A field that no Kubernetes version knows: a warning for the agent, an error for `rower validate`. */
  unknownField(path: Path, message: string): void {
    this.#add({ severity: 'warning', path, message, place: path, atKey: true, unknownField: true });
  }

  /** A field that cannot be used at all, such as one of a later version. */
  refuse(path: Path, message: string): void {
    this.#add({ severity: 'error', path, message, place: path, atKey: true });
  }

  /** The value has the wrong type; silences everything else about it. */
  wrongType(path: Path, message: string): void {
    this.error(path, message);
    this.#broken.add(formatPath(path));
  }

  get hasErrors(): boolean {
    return this.findings.some((finding) => finding.severity === 'error');
  }

  #add(finding: Finding): void {
    const { path } = finding;
    for (let length = path.length; this.#broken.size > 0 && length > 0; length -= 1) {
      if (this.#broken.has(formatPath(path.slice(0, length)))) return;
    }
    const identity = `${formatPath(path)}: ${finding.message}`;
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    if (this.findings.length < MAX_FINDINGS) this.findings.push(finding);
    else if (finding.severity === 'error' && !this.hasErrors) this.findings[MAX_FINDINGS - 1] = finding;
  }
}
