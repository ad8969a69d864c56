/**
 * `kind: Appliance`: a manifest that the machine's image brings, or a pinned URL, with patches on it. What comes out is
 * read like any manifest.
 */
import { createHash } from 'node:crypto';
import { didYouMean } from '../../config/closest.ts';
import { decodeText } from '../../kubelet/manifest/text.ts';
import { readYaml } from '../../kubelet/manifest/yaml.ts';
import { checkPin } from './include.ts';
import { applyJsonPatch } from './json-patch.ts';
import { at, isRecord, type Json, textAt } from './record.ts';
import { applyStrategicMerge } from './strategic-merge.ts';
import { substitute } from './substitute.ts';
import { type ApplianceBase, type IncludeUrl, Refusal } from './types.ts';

const API_VERSION = 'rower.dev/v1alpha1';
const KIND = 'Appliance';
const BASE_ANNOTATION = 'rower.dev/base';
const SHA_ANNOTATION = 'rower.dev/base-sha256';
const MAX_PATCHES = 100;
/** Where the bases of an image are. */
export const APPLIANCE_DIRECTORIES = ['/etc/rower/appliances', '/usr/share/rower/appliances'] as const;

export interface ApplianceContext {
  bases: ReadonlyMap<string, ApplianceBase>;
  /** Bodies of URLs. */
  fetched: ReadonlyMap<string, Uint8Array | undefined>;
  /** How many bytes of bases may still be read; it is counted down. */
  budget: { bytes: number };
}

export function isAppliance(value: unknown): value is Json {
  return isRecord(value) && value.kind === KIND;
}

/** The documents of the base, patched; or the URL of the base that is to be fetched first. Throws Refusal. */
export function expandAppliance(
  appliance: Json,
  context: ApplianceContext,
): { documents: Json[] } | { wanted: IncludeUrl } {
  const name = textAt(appliance, 'metadata', 'name');
  try {
    return expand(appliance, context);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(`Appliance${name ? ` ${name}` : ''}: ${error.message}`);
    throw error;
  }
}

function expand(appliance: Json, context: ApplianceContext): { documents: Json[] } | { wanted: IncludeUrl } {
  if (appliance.apiVersion !== API_VERSION) throw new Refusal(`apiVersion must be ${API_VERSION}`);
  checkFields(appliance, ['apiVersion', 'kind', 'metadata', 'spec'], '');
  const { spec } = appliance;
  if (!isRecord(spec)) throw new Refusal('spec is missing');
  checkFields(spec, ['base', 'url', 'sha256', 'parameters', 'patches'], 'spec.');
  const base = baseOf(spec, context);
  if ('url' in base) return { wanted: base };
  context.budget.bytes -= base.bytes.length;
  if (context.budget.bytes < 0) throw new Refusal('the bases of all Appliances together are too large');
  const parameters = parametersOf(spec);
  const documents = documentsOf(base, parameters);
  for (const [index, patch] of patchesOf(spec).entries()) {
    try {
      applyPatch(documents, patch);
    } catch (error) {
      if (error instanceof Refusal) throw new Refusal(`spec.patches[${index}]: ${error.message}`);
      throw error;
    }
  }
  const sha256 = createHash('sha256').update(base.bytes).digest('hex');
  return { documents: documents.map((document) => annotated(document, base.name, sha256)) };
}

interface Base {
  name: string;
  bytes: Uint8Array;
}

function baseOf(spec: Json, { bases, fetched }: ApplianceContext): Base | IncludeUrl {
  const { base, url, sha256 } = spec;
  if ((base === undefined) === (url === undefined)) throw new Refusal('spec must have either base or url');
  if (base !== undefined) {
    if (sha256 !== undefined && typeof sha256 !== 'string') throw new Refusal('spec.sha256 must be 64 hex digits');
    const names = [...bases.keys()].sort();
    const found = typeof base === 'string' ? bases.get(base) : undefined;
    if (!found) {
      const there = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
      throw new Refusal(
        `spec.base ${JSON.stringify(base)} is not on this machine: ${there} in ${APPLIANCE_DIRECTORIES.join(' and ')}${typeof base === 'string' ? didYouMean(base, names) : ''}`,
      );
    }
    if ('problem' in found) throw new Refusal(`spec.base: ${found.problem}`);
    checkPin(found.bytes, { url: '', ...(typeof sha256 === 'string' && { sha256: sha256.toLowerCase() }) });
    return { name: base as string, bytes: found.bytes };
  }
  if (typeof url !== 'string' || !/^https?:/.test(url) || !URL.canParse(url))
    throw new Refusal('spec.url must be an https or http URL');
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/i.test(sha256))
    throw new Refusal('spec.sha256 must be the 64 hex digits of what is at spec.url');
  const include = { url: new URL(url).href, sha256: sha256.toLowerCase() };
  const bytes = fetched.get(include.url);
  if (bytes === undefined) return include;
  checkPin(bytes, include);
  const { host, pathname } = new URL(url);
  return { name: `${host}${pathname}`, bytes };
}

function parametersOf({ parameters = {} }: Json): Map<string, string> {
  if (!isRecord(parameters)) throw new Refusal('spec.parameters must be a mapping');
  return new Map(
    Object.entries(parameters).map(([key, value]) => {
      if (typeof value === 'object' || value === undefined)
        throw new Refusal(`spec.parameters.${key.slice(0, 60)} must be text, a number or a boolean`);
      return [key, String(value)];
    }),
  );
}

function documentsOf({ name, bytes }: Base, parameters: ReadonlyMap<string, string>): Json[] {
  const decoded = decodeText(bytes);
  if (!decoded.ok) throw new Refusal(`the base ${name}: ${decoded.message}`);
  const { documents, problems } = readYaml(decoded.text);
  if (problems[0]) throw new Refusal(`the base ${name} is not YAML: ${problems[0].message}`);
  const used = new Set<string>();
  const made = documents.map(({ value }) => {
    if (!isRecord(value)) throw new Refusal(`the base ${name} holds a document that is no object`);
    if (isAppliance(value)) throw new Refusal(`the base ${name} is an Appliance itself`);
    return substitute(value, parameters, { prefix: 'parameters', used }) as Json;
  });
  const unknown = [...parameters.keys()].find((key) => !used.has(key));
  if (unknown !== undefined)
    throw new Refusal(
      `spec.parameters.${unknown.slice(0, 60)} is not used by the base ${name}, which has ${[...used].sort().join(', ') || 'no parameters'}${didYouMean(unknown, used)}`,
    );
  return made;
}

interface Patch {
  kind: string;
  name?: string;
  patch: unknown;
}

function patchesOf({ patches = [] }: Json): Patch[] {
  if (!Array.isArray(patches)) throw new Refusal('spec.patches must be a list');
  if (patches.length > MAX_PATCHES) throw new Refusal(`spec.patches has more than ${MAX_PATCHES} entries`);
  return patches.map((entry, index) => {
    const place = `spec.patches[${index}]`;
    if (!isRecord(entry)) throw new Refusal(`${place} must be a mapping with patch`);
    checkFields(entry, ['target', 'patch'], `${place}.`);
    const { target = {}, patch } = entry;
    if (!isRecord(target)) throw new Refusal(`${place}.target must be a mapping`);
    checkFields(target, ['kind', 'name'], `${place}.target.`);
    const name = textAt(target, 'name') ?? textAt(patch, 'metadata', 'name');
    const kind = textAt(target, 'kind') ?? textAt(patch, 'kind') ?? 'Pod';
    return { kind, ...(name !== undefined && { name }), patch: inline(patch, place) };
  });
}

/** A patch may be YAML or JSON in a text, as kustomize has it. */
function inline(patch: unknown, place: string): unknown {
  if (typeof patch !== 'string') return patch;
  const { documents, problems } = readYaml(patch);
  if (problems[0] || documents.length !== 1)
    throw new Refusal(`${place}.patch is no YAML document${problems[0] ? `: ${problems[0].message}` : ''}`);
  return documents[0]?.value;
}

function applyPatch(documents: Json[], { kind, name, patch }: Patch): void {
  const nameOf = (document: Json) => textAt(document, 'metadata', 'name');
  const found = documents.flatMap((document, index) =>
    document.kind === kind && (name === undefined || nameOf(document) === name) ? [index] : [],
  );
  const what = name === undefined ? kind : `${kind} ${name}`;
  const there = documents.map((document) => `${document.kind} ${nameOf(document)}`).join(', ') || 'nothing';
  if (found.length === 0) throw new Refusal(`the base has no ${what}; it has ${there}`);
  if (found.length > 1) throw new Refusal(`the base has several of ${kind}: name one in target.name; it has ${there}`);
  const [index = 0] = found;
  const document = documents[index] as Json;
  let after: unknown;
  if (Array.isArray(patch)) after = applyJsonPatch(document, patch);
  else if (isRecord(patch)) after = applyStrategicMerge(document, patch, kind);
  else throw new Refusal('patch must be a list (JSON Patch, RFC 6902) or a mapping (strategic merge)');
  if (!isRecord(after)) throw new Refusal('what is left after the patch is no object');
  documents[index] = after;
}

/** Where a Pod came from, for whoever looks at it. */
function annotated(document: Json, name: string, sha256: string): Json {
  if (document.kind !== 'Pod') return document;
  const metadata = isRecord(document.metadata) ? document.metadata : {};
  const annotations = isRecord(at(metadata, 'annotations')) ? (metadata.annotations as Json) : {};
  const added = { [BASE_ANNOTATION]: name, [SHA_ANNOTATION]: sha256 };
  return { ...document, metadata: { ...metadata, annotations: { ...annotations, ...added } } };
}

function checkFields(value: Json, known: readonly string[], place: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new Refusal(
      `there is no field ${place}${unknown.slice(0, 60)}; there are ${known.join(', ')}${didYouMean(unknown, known)}`,
    );
}
