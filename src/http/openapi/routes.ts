/** `/openapi/v2` and `/openapi/v3`. What they are made of is loaded when somebody asks, and not kept. */
import { createHash } from 'node:crypto';
import { json, type Reply, type Request } from '../message.ts';

const CORE = 'api/v1';
const PROTOBUF = 'application/com.github.proto-openapi.spec.v2';

let hash: Promise<string> | undefined;

/** kubectl keeps a document by its hash. */
export async function openApiIndex(): Promise<Reply> {
  hash ??= loadDocuments().then(({ documentV3 }) =>
    createHash('sha256').update(JSON.stringify(documentV3())).digest('hex').toUpperCase(),
  );
  return json({ paths: { [CORE]: { serverRelativeURL: `/openapi/v3/${CORE}?hash=${await hash}` } } });
}

export async function openApiCore(): Promise<Reply> {
  const { documentV3 } = await loadDocuments();
  return json(documentV3());
}

/** In protobuf for whoever asks for that: the kubectls before version 3. */
export async function openApiV2({ accept }: Request): Promise<Reply> {
  const { documentV2 } = await loadDocuments();
  if (!accept.includes(PROTOBUF)) return json(documentV2());
  const { encodeDocument } = await import('./protobuf.ts');
  // The `@` that is asked with may not be in a media type.
  const headers = { 'Content-Type': `${PROTOBUF}.v1.0+protobuf` };
  return { status: 200, headers, body: '', bytes: encodeDocument(documentV2()) };
}

function loadDocuments() {
  return import('./documents.ts');
}
