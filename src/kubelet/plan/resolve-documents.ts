import { type ConfigDocument, type DocumentKey, type Documents, documentKey } from '../documents.ts';
import type { SourceProblem } from '../published.ts';
import type { FileResult, Snapshot } from '../sources/source.ts';
import type { PodOrigin } from '../types.ts';

export interface ResolveDocumentsInput {
  /** In order of precedence; the file source first. */
  readonly sources: readonly { readonly kind: PodOrigin['kind']; readonly snapshot: Snapshot }[];
  /** What was resolved last, by this process or the one before it. */
  readonly remembered: Documents;
}

export interface ResolvedDocuments {
  /** The remembered map itself as long as nothing changed. */
  readonly documents: Documents;
  readonly problems: readonly SourceProblem[];
}

/**
 * The documents of all sources together, by the rules of Pods (resolve.ts): a file is taken whole or not at all, a broken
 * one keeps what it last brought, an unknown source keeps all of its own, the first claim of a name wins. An immutable
 * document keeps its content until no file has it any more. Pure.
 */
export function resolveDocuments({ sources, remembered }: ResolveDocumentsInput): ResolvedDocuments {
  const claims = new Map<DocumentKey, ConfigDocument>();
  const problems: SourceProblem[] = [];
  const keep = (matches: (origin: PodOrigin) => boolean) => {
    for (const [key, document] of remembered)
      if (!claims.has(key) && matches(document.origin)) claims.set(key, document);
  };
  const take = (document: ConfigDocument, file: FileResult) => {
    const key = documentKey(document.kind, document.namespace, document.name);
    const first = claims.get(key);
    const before = remembered.get(key);
    if (first) {
      // The same text in two files, each complete in itself, is nobody's mistake.
      if (first.hash !== document.hash) problems.push({ origin: file.origin, problem: duplicate(document, first) });
    } else if (before?.immutable && before.hash !== document.hash) {
      claims.set(key, { ...before, origin: document.origin });
      problems.push({ origin: file.origin, problem: immutable(document) });
    } else claims.set(key, document);
  };
  for (const { kind, snapshot } of sources) {
    if (snapshot.state === 'unknown') {
      keep((origin) => origin.kind === kind);
      continue;
    }
    for (const file of snapshot.files) {
      if (file.problems.some((problem) => problem.severity === 'error'))
        keep((origin) => origin.kind === file.origin.kind && origin.location === file.origin.location);
      for (const document of file.documents ?? []) take(document, file);
    }
  }
  const same = claims.size === remembered.size && [...claims].every(([key, one]) => isSame(one, remembered.get(key)));
  return { documents: same ? remembered : new Map([...claims].sort(([a], [b]) => (a < b ? -1 : 1))), problems };
}

function isSame(a: ConfigDocument, b: ConfigDocument | undefined): boolean {
  return (
    a === b ||
    (a.hash === b?.hash &&
      a.immutable === b.immutable &&
      a.origin.kind === b.origin.kind &&
      a.origin.location === b.origin.location)
  );
}

function duplicate({ kind, namespace, name }: ConfigDocument, first: ConfigDocument) {
  return {
    severity: 'error' as const,
    field: 'metadata.name',
    message: `duplicate ${kind} "${name}" in namespace "${namespace}": ${first.origin.location} comes first and is used, this one is ignored`,
  };
}

function immutable({ kind, namespace, name }: ConfigDocument) {
  return {
    severity: 'error' as const,
    field: 'data',
    message: `Forbidden: field is immutable when \`immutable\` is set: ${kind} ${namespace}/${name} keeps its content; remove it from the manifests before giving it another`,
  };
}
