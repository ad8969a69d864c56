/** Documents for tables. */
import { type ConfigDocument, type DocumentKind, type Documents, documentKey } from '../../src/kubelet/documents.ts';
import { makeDocument } from '../../src/kubelet/manifest/documents.ts';

/** Text by key. */
export type Texts = Record<string, string>;

export const bytes = (texts: Texts) => new Map(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text)]));

export function document(
  kind: DocumentKind,
  name: string,
  data: Texts = {},
  change: Partial<ConfigDocument> = {},
): ConfigDocument {
  const namespace = kind === 'PersistentVolume' ? '' : 'default';
  const origin = { kind: 'file', location: '/etc/pods/a.yaml' } as const;
  return makeDocument({
    kind,
    namespace,
    name,
    origin,
    data: bytes(data),
    binaryData: new Map(),
    immutable: false,
    ...change,
  });
}

export function mapOf(...documents: ConfigDocument[]): Documents {
  return new Map(documents.map((one) => [documentKey(one.kind, one.namespace, one.name), one]));
}
