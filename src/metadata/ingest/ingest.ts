/** Bytes of user-data → manifests, checked as the agent checks them, or everything that is wrong with them. Pure. */
import { parseManifest } from '../../kubelet/manifest/parse.ts';
import { decodeText } from '../../kubelet/manifest/text.ts';
import { readYaml } from '../../kubelet/manifest/yaml.ts';
import { readCloudConfig } from './cloud-config.ts';
import { readingOf } from './content-types.ts';
import { isDeclaration, podOfDeclaration } from './gce-declaration.ts';
import { checkPin, readIncludes } from './include.ts';
import { isMime, readMime } from './mime.ts';
import { isRecord, textAt } from './record.ts';
import { refusedType, sniff } from './sniff.ts';
import { splitSigned, verifySignature } from './ssh-signature.ts';
import { hasVariables, substitute } from './substitute.ts';
import {
  type IncludeUrl,
  type IngestedFile,
  type IngestOptions,
  type IngestProblem,
  type IngestResult,
  Refusal,
} from './types.ts';
import { unwrap } from './unwrap.ts';

/** Messages in messages, archives and includes together. */
const MAX_DEPTH = 6;
const MAX_PARTS = 200;
const MAX_INCLUDE_DEPTH = 2;
const MAX_NAME_LENGTH = 60;
/** A part `web.yaml.sig` of this type signs the part `web.yaml`. */
const SIGNATURE_TYPE = 'application/x-ssh-signature';

/** Never throws for any input. A result is whole: with one error nothing of it is to be used. */
export function ingest(bytes: Uint8Array, options: IngestOptions): IngestResult {
  const reader = new Reader(options);
  reader.take({ bytes, type: '', depth: 0, includes: 0, base64: options.base64 ?? false });
  return reader.result();
}

interface Input {
  bytes: Uint8Array;
  type: string;
  filename?: string;
  depth: number;
  /** How many includes led here. */
  includes: number;
  base64?: boolean;
  /** Given beside it. */
  signature?: string;
  /** Counts from 1; absent: the whole user-data. */
  part?: number;
}

class Reader {
  readonly #options: IngestOptions;
  readonly #files: IngestedFile[] = [];
  readonly #problems: IngestProblem[] = [];
  readonly #wanted: IncludeUrl[] = [];
  /** Pod → the place that defines it. */
  readonly #pods = new Map<string, string>();
  #parts = 0;

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  result(): IngestResult {
    const refused = this.#problems.some(({ severity }) => severity === 'error');
    const [problems, wanted] = [this.#problems, this.#wanted];
    if (refused) return { outcome: 'refused', files: [], problems, wanted: [] };
    if (wanted.length > 0) return { outcome: 'incomplete', files: [], problems, wanted };
    return { outcome: this.#files.length > 0 ? 'files' : 'nothing', files: this.#files, problems, wanted };
  }

  take(input: Input): void {
    try {
      this.#read(input);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#problem(input, 'error', error.message);
    }
  }

  #read(input: Input): void {
    if (input.depth > MAX_DEPTH) throw new Refusal(`nested more than ${MAX_DEPTH} deep`);
    const reading = readingOf(input.type);
    const bytes = unwrap(input.bytes, input.base64);
    if (reading === 'sniff' && isMime(Buffer.from(bytes.subarray(0, 8192)).toString('latin1'))) {
      const parts = readMime(bytes);
      const signatures = parts.filter(({ type }) => type === SIGNATURE_TYPE);
      for (const part of parts.filter(({ type }) => type !== SIGNATURE_TYPE)) {
        const signature = signatures.find(
          ({ filename }) => filename !== undefined && filename === `${part.filename}.sig`,
        );
        if ((part.launchIndex ?? this.#launchIndex) === this.#launchIndex)
          this.#part(input, part, signature && Buffer.from(signature.bytes).toString('latin1'));
      }
      return;
    }
    const decoded = decodeText(bytes);
    if (!decoded.ok) throw new Refusal(decoded.message.replace(/^the manifest /, ''));
    const { text } = decoded;
    const refused = refusedType(input.type, text);
    if (refused !== undefined) throw new Refusal(refused);
    if (reading === undefined)
      throw new Refusal(`has the content type ${JSON.stringify(input.type.slice(0, 80))}, which Rower does not take`);
    const found = sniff(text);
    if ('refused' in found) throw new Refusal(found.refused);
    const kind = found.kind === 'empty' || reading === 'sniff' ? found.kind : reading;
    switch (kind) {
      case 'empty':
        return;
      case 'manifest':
        this.#manifest(input, text);
        break;
      case 'cloud-config':
        this.#cloudConfig(input, text);
        break;
      case 'archive':
        this.#archive(input, text);
        break;
      case 'include':
        this.#include(input, text);
        break;
    }
  }

  get #launchIndex(): number {
    return this.#options.launchIndex ?? 0;
  }

  #part(parent: Input, part: { type: string; filename?: string; bytes: Uint8Array }, signature?: string): void {
    this.#parts += 1;
    if (this.#parts > MAX_PARTS) throw new Refusal(`more than ${MAX_PARTS} parts`);
    const { depth, includes } = parent;
    const signed = signature === undefined ? {} : { signature };
    this.take({ ...part, ...signed, depth: depth + 1, includes, part: this.#parts });
  }

  #cloudConfig(input: Input, text: string): void {
    const { manifestDirectory, writeFilesDone = false } = this.#options;
    const { files, warnings } = readCloudConfig(text, { manifestDirectory, writeFilesDone });
    for (const warning of warnings) this.#problem(input, 'warning', warning);
    for (const { name, bytes } of files) this.#part(input, { type: 'application/yaml', filename: name, bytes });
  }

  #archive(input: Input, text: string): void {
    const { documents, problems } = readYaml(text);
    const items = documents[0]?.value;
    if (problems.length > 0 || !Array.isArray(items)) throw new Refusal('a cloud-config-archive is a YAML list');
    for (const item of items) {
      const content = isRecord(item) ? item.content : item;
      if (typeof content !== 'string') throw new Refusal('an item of the cloud-config-archive has no content');
      const filename = textAt(item, 'filename');
      const type = (textAt(item, 'type') ?? '').toLowerCase();
      this.#part(input, { type, ...(filename !== undefined && { filename }), bytes: Buffer.from(content) });
    }
  }

  #include(input: Input, text: string): void {
    if (input.includes >= MAX_INCLUDE_DEPTH) throw new Refusal(`#include nested more than ${MAX_INCLUDE_DEPTH} deep`);
    for (const include of readIncludes(text)) {
      const bytes = this.#options.included?.get(include.url);
      if (bytes === undefined) {
        this.#wanted.push(include);
        continue;
      }
      this.#parts += 1;
      const filename = new URL(include.url).pathname.split('/').at(-1) || 'include';
      const part: Input = {
        bytes,
        type: '',
        filename,
        depth: input.depth + 1,
        includes: input.includes + 1,
        part: this.#parts,
      };
      try {
        checkPin(bytes, include);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.#problem(part, 'error', error.message);
        continue;
      }
      this.take(part);
    }
  }

  /** Written as it was given; made anew only where something in it has to change. */
  #manifest(input: Input, whole: string): void {
    const { content: text, signature = input.signature } = splitSigned(whole);
    const signer = this.#signer(input, text, signature);
    const { documents, problems } = readYaml(text);
    const declared = problems.length === 0 && documents.some(({ value }) => isDeclaration(value));
    const variable = problems.length === 0 && hasVariables(text);
    if (!declared && !variable) {
      this.#keep(input, text, false, signer);
      return;
    }
    const variables = this.#options.variables ?? new Map();
    const made = documents.map(({ value }) => {
      const known = variable ? substitute(value, variables) : value;
      if (!isDeclaration(known)) return known;
      const { pod, warnings } = podOfDeclaration(known);
      for (const warning of warnings) this.#problem(input, 'warning', warning);
      return pod;
    });
    this.#keep(input, made.map((value) => `---\n${JSON.stringify(value, null, 2)}\n`).join(''), true, signer);
  }

  /** Before anything is parsed. Throws Refusal. */
  #signer(input: Input, text: string, signature: string | undefined): string | undefined {
    const { trust } = this.#options;
    if (!trust) return undefined;
    try {
      if (signature === undefined) throw new Refusal('is not signed, or the signature is not at its end');
      return verifySignature(Buffer.from(text), signature, trust.signers, trust.nowMs);
    } catch (error) {
      if (!(error instanceof Refusal) || trust.required) throw error;
      this.#problem(input, 'warning', error.message);
      return undefined;
    }
  }

  /** `made`: places in the text mean nothing to its author. */
  #keep(input: Input, text: string, made: boolean, signer: string | undefined): void {
    const place = this.#place(input);
    const origin = { kind: 'file', location: place } as const;
    const { revisions, documents = [], problems } = parseManifest(Buffer.from(text), origin, this.#options);
    for (const { severity, field, message, line, column, excerpt } of problems) {
      this.#problems.push({
        severity,
        place,
        message,
        ...(field !== '' && { field }),
        ...(!made && { ...(line !== undefined && { line }), ...(column !== undefined && { column }) }),
        ...(!made && excerpt !== undefined && { excerpt }),
      });
    }
    for (const { key } of revisions) {
      const first = this.#pods.get(key);
      if (first !== undefined) throw new Refusal(`Pod ${key} is defined in ${first} too`);
      this.#pods.set(key, place);
    }
    if (revisions.length + documents.length > 0)
      this.#files.push({
        name: this.#fileName(input),
        text,
        pods: revisions.length,
        ...(signer !== undefined && { signer }),
      });
  }

  #fileName({ filename, part }: Input): string {
    const base = (filename ?? '').split(/[/\\]/).at(-1) ?? '';
    const stem = base
      .replace(/(?:\.(?:ya?ml|json|gz|txt))+$/i, '')
      .replace(/[^\w.-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, MAX_NAME_LENGTH);
    const wanted = stem || (part === undefined ? 'user-data' : `part-${part}`);
    const taken = (name: string) => this.#files.some((file) => file.name === `${name}.yaml`);
    let name = wanted;
    for (let count = 2; taken(name); count += 1) name = `${wanted}-${count}`;
    return `${name}.yaml`;
  }

  #place({ part, filename }: Input): string {
    const where =
      part === undefined ? '' : `, part ${part}${filename ? ` ${JSON.stringify(filename.slice(0, 80))}` : ''}`;
    return `user-data (provider ${this.#options.provider}${where})`;
  }

  #problem(input: Input, severity: IngestProblem['severity'], message: string): void {
    this.#problems.push({ severity, place: this.#place(input), message });
  }
}

/** `user-data (provider ec2, part 2 "pod.yaml"), line 7 col 3: spec.x: message` with the excerpt below. */
export function problemText({ place, field, message, line, column, excerpt }: IngestProblem): string {
  const where = line === undefined ? place : `${place}, line ${line} col ${column}`;
  const head = `${where}: ${field ? `${field}: ` : ''}${message}`;
  return excerpt === undefined ? head : `${head}\n${excerpt.replaceAll(/^/gm, '    ')}`;
}
