/** Reads a manifest as the agent on the machine `peer-node` does. */
import { parseManifest } from '../../../src/kubelet/manifest/parse.ts';
import type { FileResult } from '../../../src/kubelet/sources/source.ts';

export const FIXTURES = new URL('../../fixtures/manifests/', import.meta.url);
export const FILE = { kind: 'file', location: '/etc/pods/a.yaml' } as const;
export const HTTP = { kind: 'http', location: 'http://10.0.0.1/pods' } as const;

export function parse(
  text: string | Uint8Array,
  origin: FileResult['origin'] = FILE,
  nodeName = 'peer-node',
): FileResult {
  return parseManifest(Buffer.from(text), origin, { nodeName });
}

/** `error 3:9 spec.x: message`, the message cut where it explains itself at length. */
export function problemsOf(result: FileResult): string[] {
  return result.problems.map(({ severity, line, column, field, message }) => {
    const short = message.replace(/: a lowercase RFC 1123 .*| \(e\.g\. .*|; (?:it|rower) reads .*/s, ' …');
    return `${severity}${line === undefined ? '' : ` ${line}:${column}`} ${field}${field && ': '}${short}`;
  });
}

export const SIMPLE = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: m, image: "x:1"}]}\n';
