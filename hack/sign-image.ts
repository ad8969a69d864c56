/** Signatures of images as cosign puts them beside an image in a registry; for tests. */
import { createHash, type KeyObject, sign } from 'node:crypto';
import { type BuiltImage, manifestMediaType } from './images.ts';

const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const IN_TOTO = 'application/vnd.in-toto+json';
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
const EMPTY = Buffer.from('{}');

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

function artifact(layer: Buffer, layerFields: object, fields: object = {}): BuiltImage {
  const describe = (bytes: Buffer, mediaType: string) => ({ mediaType, size: bytes.length, digest: digestOf(bytes) });
  const manifest = json({
    schemaVersion: 2,
    mediaType: manifestMediaType,
    config: describe(EMPTY, 'application/vnd.oci.image.config.v1+json'),
    layers: [{ ...describe(layer, ''), ...layerFields }],
    ...fields,
  });
  const blobs = new Map([EMPTY, layer].map((bytes) => [digestOf(bytes), bytes]));
  return { name: '', digest: digestOf(manifest), id: digestOf(EMPTY), manifest, blobs };
}

/** For the tag `signatureTag`: what `cosign sign` leaves there. `claimed` is the digest that the payload speaks of. */
export function imageSignature(digest: string, key: KeyObject, claimed = digest): BuiltImage {
  const critical = {
    identity: { 'docker-reference': 'registry.example/app' },
    image: { 'docker-manifest-digest': claimed },
    type: 'cosign container image signature',
  };
  const payload = json({ critical, optional: null });
  const signature = sign('sha256', payload, key).toString('base64');
  const annotations = { 'dev.cosignproject.cosign/signature': signature };
  return artifact(payload, { mediaType: SIMPLE_SIGNING, annotations });
}

/** `team/app` and a digest → `team/app:sha256-<hex>.sig` */
export function signatureTag(repository: string, digest: string): string {
  return `${repository}:${digest.replace(':', '-')}.sig`;
}

/** A bundle of Sigstore with an in-toto statement, and the index that refers to it under the tag `sha256-<hex>`. */
export function imageBundle(
  digest: string,
  key: KeyObject,
  claimed = digest,
  predicateType = 'https://sigstore.dev/cosign/sign/v1',
): { bundle: BuiltImage; index: BuiltImage } {
  const statement = json({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: claimed.replace('sha256:', '') } }],
    predicateType,
    predicate: {},
  });
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${IN_TOTO.length} ${IN_TOTO} ${statement.length} `), statement]);
  const signatures = [{ sig: sign('sha256', signed, key).toString('base64') }];
  const dsseEnvelope = { payload: statement.toString('base64'), payloadType: IN_TOTO, signatures };
  const bundle = artifact(json({ mediaType: BUNDLE, dsseEnvelope }), { mediaType: BUNDLE }, { artifactType: BUNDLE });
  const entry = {
    mediaType: manifestMediaType,
    digest: bundle.digest,
    size: bundle.manifest.length,
    artifactType: EMPTY_TYPE,
  };
  const manifest = json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [entry] });
  return { bundle, index: { ...bundle, digest: digestOf(manifest), manifest, blobs: new Map() } };
}
