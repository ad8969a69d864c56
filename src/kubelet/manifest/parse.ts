/** The bytes of one file or URL → the Pods and documents in it, or what is wrong with it. Pure; never throws. */
import type { ConfigDocument, DocumentKind } from '../documents.ts';
import { staticPodName } from '../identity.ts';
import type { Node } from '../node.ts';
import { withOverhead } from '../sandbox/runtime-class.ts';
import type { FileResult, ManifestProblem } from '../sources/source.ts';
import type { PodManifest, PodOrigin, Revision } from '../types.ts';
import { decodePod, NOT_YET } from './decode.ts';
import { applyDefaults } from './default.ts';
import { keyOf, readDocument } from './documents.ts';
import { SourceText } from './excerpt.ts';
import { apiVersionOf, ignoredText, nearestKind, readKinds, treatmentOf } from './kinds.ts';
import { duplicate, formatPath, invalid, type Path, Problems, required } from './problems.ts';
import { dropOwnAnnotations, toRevision } from './revision.ts';
import { checkMachine, type MachineRules } from './rules/policy.ts';
import { decodeText } from './text.ts';
import { validatePod, validateTemplate } from './validate.ts';
import { readWorkload, type WorkloadKind } from './workloads.ts';
import { readYaml, type YamlDocument } from './yaml.ts';

/** Objects of one file, items of lists counted. */
const MAX_OBJECTS = 500;
const MAX_LIST_DEPTH = 4;
const MAX_PROBLEMS = 100;
/** Nobody mistypes a name this long. */
const MAX_KIND_LENGTH = 64;

export interface ParseContext {
  nodeName: string;
  /** Their overhead goes into the Pods that name them, as the API server's admission does. */
  runtimeClasses?: Node['runtimeClasses'];
  /** Absent: what a machine refuses of a good Pod is not looked at. The agent refuses the Pod then, and not its file. */
  machine?: MachineRules;
}

/**
 * All problems at once, in the order of the text. A file is taken whole or not at all: with one error there are no
 * revisions. An empty file, or one of comments only, wants nothing and is no problem.
 */
export function parseManifest(bytes: Uint8Array, origin: PodOrigin, context: ParseContext): FileResult {
  const decoded = decodeText(bytes);
  if (!decoded.ok)
    return { origin, revisions: [], problems: [{ severity: 'error', field: '', message: decoded.message }] };
  const source = new SourceText(decoded.text);
  const { documents, problems: syntax } = readYaml(decoded.text);
  const placed: Placed[] = syntax.map(({ message, offset }) => ({ offset, severity: 'error', field: '', message }));
  const reader = new ObjectReader(origin, context);
  for (const document of documents) {
    for (const { severity, path, place, atKey, message, unknownField } of reader.read(document)) {
      const offset = document.locate(place, atKey);
      placed.push({ offset, severity, field: formatPath(path), message, ...(unknownField && { unknownField }) });
    }
  }
  const good = placed.every((problem) => problem.severity !== 'error');
  const { revisions, documents: beside } = reader;
  return {
    origin,
    revisions: good ? revisions : [],
    ...(good && beside.length > 0 && { documents: beside }),
    problems: present(placed, source),
  };
}

type Placed = Pick<ManifestProblem, 'severity' | 'field' | 'message' | 'unknownField'> & { offset: number };

/** In the order of the text; when there are too many, errors go before warnings. */
function present(placed: readonly Placed[], source: SourceText): ManifestProblem[] {
  const errors = placed.filter((problem) => problem.severity === 'error');
  const warnings = placed.filter((problem) => problem.severity === 'warning');
  const shown = [...errors, ...warnings].slice(0, MAX_PROBLEMS).sort((a, b) => a.offset - b.offset);
  return shown.map(({ offset, ...problem }) => {
    const place = source.placeOf(offset);
    return { ...problem, ...place, excerpt: source.excerpt(place) };
  });
}

/** Reads documents one after the other; what must be unique in a file is remembered. */
class ObjectReader {
  readonly revisions: Revision[] = [];
  readonly documents: ConfigDocument[] = [];
  readonly #origin: PodOrigin;
  readonly #nodeName: string;
  readonly #runtimeClasses: NonNullable<Node['runtimeClasses']>;
  readonly #machine: MachineRules | undefined;
  readonly #keys = new Set<string>();
  readonly #uids = new Set<string>();
  #objects = 0;

  constructor(origin: PodOrigin, { nodeName, runtimeClasses = {}, machine }: ParseContext) {
    this.#origin = origin;
    this.#nodeName = nodeName;
    this.#runtimeClasses = runtimeClasses;
    this.#machine = machine;
  }

  read(document: YamlDocument): Problems['findings'] {
    const problems = new Problems();
    this.#object(document.value, [], problems, {}, 0);
    return problems.findings;
  }

  /** `inherited` is what the items of a typed list need not say. */
  #object(
    value: unknown,
    path: Path,
    problems: Problems,
    inherited: { apiVersion?: string; kind?: string },
    depth: number,
  ): void {
    this.#objects += 1;
    if (this.#objects > MAX_OBJECTS) {
      if (this.#objects === MAX_OBJECTS + 1) problems.error(path, `more than ${MAX_OBJECTS} objects in one file`);
      return;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const what = Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value;
      const encrypted = typeof value === 'string' && value.startsWith('-----BEGIN AGE ENCRYPTED FILE-----');
      const why = encrypted ? '; it is encrypted with age, which only user-data may be (--metadata)' : '';
      problems.error(path, `a manifest is an object with apiVersion and kind, not a ${what}${why}`);
      return;
    }
    const { apiVersion = inherited.apiVersion, kind = inherited.kind, items } = value as Record<string, unknown>;
    for (const [field, given] of Object.entries({ apiVersion, kind })) {
      if (given === undefined || given === null || given === '')
        problems.error([...path, field], required(looksLike(value)));
      else if (typeof given !== 'string') problems.wrongType([...path, field], 'Invalid value: must be a string');
    }
    if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !apiVersion || !kind) return;
    switch (treatmentOf(apiVersion, kind)) {
      case 'pod':
        this.#pod(value, path, problems);
        break;
      case 'list':
        this.#list(items, path, problems, kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -4) }, depth);
        break;
      case 'document':
        this.#document(kind as DocumentKind, value, path, problems);
        break;
      case 'workload':
        this.#workload(kind as WorkloadKind, value, path, problems);
        break;
      case 'ignored':
        problems.warn([...path, 'kind'], ignoredText(kind));
        break;
      case 'later':
        problems.refuse([...path, 'kind'], invalid(kind, `${NOT_YET}; it reads ${readKinds()}`));
        break;
      case undefined:
        refuseKind(apiVersion, kind, path, problems);
    }
  }

  #list(
    items: unknown,
    path: Path,
    problems: Problems,
    inherited: { apiVersion?: string; kind?: string },
    depth: number,
  ): void {
    if (items === undefined || items === null) return;
    const at = [...path, 'items'];
    if (!Array.isArray(items)) {
      problems.wrongType(at, 'Invalid value: must be a list');
      return;
    }
    if (depth >= MAX_LIST_DEPTH) {
      problems.error(at, `lists nested more than ${MAX_LIST_DEPTH} deep`);
      return;
    }
    for (const [index, item] of items.entries()) {
      this.#object(item, [...at, index], problems, inherited, depth + 1);
    }
  }

  #pod(value: object, path: Path, problems: Problems): void {
    const written = dropOwnAnnotations(decodePod(value, path, problems));
    const defaulted = applyDefaults(written);
    validatePod(defaulted, this.#nameOf(written), path, problems);
    if (this.#machine) checkMachine(defaulted, this.#machine, path, problems);
    this.#take(written, defaulted, path, problems);
  }

  #document(kind: DocumentKind, value: unknown, path: Path, problems: Problems): void {
    const document = readDocument(kind, value, path, problems, this.#origin);
    if (!document) return;
    const key = keyOf(document);
    if (this.#keys.has(key)) problems.error([...path, 'metadata', 'name'], duplicate(document.name));
    this.#keys.add(key);
    this.documents.push(document);
  }

  /** The name is checked with the object itself, so that it is reported where it stands. */
  #workload(kind: WorkloadKind, value: unknown, path: Path, problems: Problems): void {
    const workload = readWorkload(kind, value, path, problems);
    if (!workload) return;
    const written = dropOwnAnnotations(workload.pod);
    const defaulted = applyDefaults(written);
    validateTemplate(defaulted, this.#nameOf(written), { object: path, template: workload.path }, problems);
    if (this.#machine) checkMachine(defaulted, this.#machine, workload.path, problems);
    if (!workload.wanted) return;
    this.#take(written, defaulted, path, problems);
    for (const claim of workload.claims) this.#document('PersistentVolumeClaim', claim.document, claim.path, problems);
  }

  #nameOf(written: PodManifest): string {
    return staticPodName(written.metadata?.name ?? '', this.#nodeName);
  }

  /** `path` is that of the object whose name the Pod has. */
  #take(written: PodManifest, defaulted: PodManifest, path: Path, problems: Problems): void {
    if (!written.metadata?.name) return;
    const complete = withOverhead(defaulted, this.#runtimeClasses);
    const revision = toRevision(written, complete, this.#origin, this.#nodeName);
    if (this.#keys.has(revision.key)) problems.error([...path, 'metadata', 'name'], duplicate(written.metadata.name));
    else if (this.#uids.has(revision.uid)) problems.error([...path, 'metadata', 'uid'], duplicate(revision.uid));
    this.#keys.add(revision.key);
    this.#uids.add(revision.uid);
    this.revisions.push(revision);
  }
}

function refuseKind(apiVersion: string, kind: string, path: Path, problems: Problems): void {
  const home = apiVersionOf(kind);
  if (home) problems.error([...path, 'apiVersion'], invalid(apiVersion, `${kind} is of apiVersion ${home}`));
  else {
    const near = kind.length <= MAX_KIND_LENGTH ? nearestKind(kind) : undefined;
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    const detail =
      kind === 'Appliance'
        ? 'Appliances are made into Pods from user-data only (--metadata); rower metadata fetch --metadata file=FILE shows what they make'
        : `unknown kind of apiVersion ${apiVersion}${hint}; rower reads ${readKinds()}`;
    problems.error([...path, 'kind'], invalid(kind, detail));
  }
}

/** People try other files that run containers, too. */
function looksLike(value: object): string {
  return 'services' in value ? 'this looks like a Compose file; a manifest of Kubernetes is asked for' : '';
}
