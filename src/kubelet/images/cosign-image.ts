/**
 * Signatures of images as cosign leaves them in the registry: the tag `sha256-<hex>.sig` with payloads of the form "simple
 * signing", and bundles of Sigstore with an in-toto statement, by the referrers API or its tag `sha256-<hex>`.
 */
import { type CosignKey, isGood } from '../../metadata/ingest/cosign.ts';
import { at, listAt, textAt } from '../../metadata/ingest/record.ts';
import { digestOf } from './policy.ts';
import { type Registry, RegistryError, sha256 } from './registry.ts';
import { normalizeReference } from './registry-auth.ts';

const SIGNATURE_ANNOTATION = 'dev.cosignproject.cosign/signature';
const BUNDLE_TYPE = /^application\/vnd\.dev\.sigstore\.bundle/;
const IN_TOTO = 'application/vnd.in-toto+json';
/** Other statements, of what is in an image or wrong with it, are by the same keys and no signatures. */
const PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
const SIGNED_TYPE = 'cosign container image signature';
/** Signatures of one image that are looked at. */
const MAX_SIGNATURES = 50;

export interface Verified {
  digest: string;
  key: CosignKey;
}

/** Nobody who may has signed the image. */
export class NotSigned extends Error {
  override name = 'NotSigned';
}

/** The digest that the reference stands for, and the key that signed it. Rejects with NotSigned and RegistryError. */
export async function verifyImage(image: string, keys: readonly CosignKey[], registry: Registry): Promise<Verified> {
  const digest = digestOf(image) ?? (await resolve(image, registry));
  const tag = digest.replace(':', '-');
  const seen = { count: 0 };
  const key =
    (await bySimpleSigning(digest, tag, keys, registry, seen)) ?? (await byBundle(digest, tag, keys, registry, seen));
  if (key) return { digest, key };
  const names = keys.map(({ name }) => name).join(', ');
  throw new NotSigned(
    seen.count === 0
      ? `${digest} has no signature in its registry: cosign sign --key …`
      : `${digest} has ${seen.count} ${seen.count === 1 ? 'signature, which is not' : 'signatures, none of which is'} by ${names}`,
  );
}

async function resolve(image: string, registry: Registry): Promise<string> {
  const tag = /:([^:/]+)$/.exec(normalizeReference(image))?.[1] ?? 'latest';
  const manifest = await registry.manifest(tag);
  if (!manifest) throw new RegistryError(`there is no ${image} in its registry`);
  return sha256(manifest);
}

interface Seen {
  count: number;
}

async function bySimpleSigning(
  digest: string,
  tag: string,
  keys: readonly CosignKey[],
  registry: Registry,
  seen: Seen,
) {
  const manifest = await registry.manifest(`${tag}.sig`);
  if (!manifest) return undefined;
  for (const layer of listAt(parse(manifest), 'layers').slice(0, MAX_SIGNATURES)) {
    const [blob, signature] = [textAt(layer, 'digest'), textAt(layer, 'annotations', SIGNATURE_ANNOTATION)];
    if (blob === undefined || signature === undefined) continue;
    seen.count += 1;
    const payload = await registry.blob(blob);
    const proof = Buffer.from(signature, 'base64');
    const key = keys.find((one) => isGood(payload, proof, one));
    // Only what is signed is read.
    if (key && signedDigest(parse(payload)) === digest) return key;
  }
  return undefined;
}

function signedDigest(payload: unknown): string | undefined {
  if (at(payload, 'critical', 'type') !== SIGNED_TYPE) return undefined;
  return textAt(payload, 'critical', 'image', 'docker-manifest-digest');
}

async function byBundle(digest: string, tag: string, keys: readonly CosignKey[], registry: Registry, seen: Seen) {
  const index = (await registry.referrers(digest)) ?? (await registry.manifest(tag));
  // cosign 3 calls it an empty artifact in the index under the tag: what a layer is tells.
  const referring = listAt(index && parse(index), 'manifests');
  for (const descriptor of referring.slice(0, MAX_SIGNATURES)) {
    const reference = textAt(descriptor, 'digest') ?? '';
    const manifest = /^sha256:[0-9a-f]{64}$/.test(reference) ? await registry.manifest(reference) : undefined;
    for (const layer of listAt(manifest && parse(manifest), 'layers').slice(0, MAX_SIGNATURES)) {
      const blob = textAt(layer, 'digest');
      if (seen.count >= MAX_SIGNATURES) return undefined;
      if (blob === undefined || !BUNDLE_TYPE.test(textAt(layer, 'mediaType') ?? '')) continue;
      seen.count += 1;
      const key = keyOfBundle(parse(await registry.blob(blob)), digest, keys);
      if (key) return key;
    }
  }
  return undefined;
}

/** DSSE: what is signed is the type and the payload, each with its length. */
function keyOfBundle(bundle: unknown, digest: string, keys: readonly CosignKey[]): CosignKey | undefined {
  const envelope = at(bundle, 'dsseEnvelope');
  const [type, payload] = [textAt(envelope, 'payloadType'), Buffer.from(textAt(envelope, 'payload') ?? '', 'base64')];
  if (type !== IN_TOTO) return undefined;
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
  for (const signature of listAt(envelope, 'signatures')) {
    const proof = Buffer.from(textAt(signature, 'sig') ?? '', 'base64');
    const key = keys.find((one) => isGood(signed, proof, one));
    if (!key) continue;
    const statement = parse(payload);
    if (textAt(statement, 'predicateType') !== PREDICATE) continue;
    const subjects = listAt(statement, 'subject').map((subject) => textAt(subject, 'digest', 'sha256'));
    if (subjects.includes(digest.slice('sha256:'.length))) return key;
  }
  return undefined;
}

/** Undefined when it is no JSON. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
