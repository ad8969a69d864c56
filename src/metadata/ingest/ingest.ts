/** Bytes of user-data → manifests, checked as the agent checks them, or everything that is wrong with them. Pure. */
import { parseManifest } from '../../kubelet/manifest/parse.ts';
import { decodeText } from '../../kubelet/manifest/text.ts';
import { readYaml } from '../../kubelet/manifest/yaml.ts';
import { cipherId, encryptedBlocks, isEncrypted, replaceBlocks } from './age.ts';
import { launchIndexOf, readCloudConfig } from './cloud-config.ts';
import { type Reading, readingOf } from './content-types.ts';
import { type Directives, readDirectives } from './directives.ts';
import { fileNameFor } from './file-name.ts';
import { checkPin, readIncludes } from './include.ts';
import { makeManifest } from './make.ts';
import { isMime, readMime } from './mime.ts';
import { Proofs, type Signable } from './proofs.ts';
import { isRecord, textAt } from './record.ts';
import { isSignature, signedName, splitSigned } from './signatures.ts';
import { isForCloudInit, refusedType, sniff } from './sniff.ts';
import {
  type IncludeUrl,
  type IngestedFile,
  type IngestOptions,
  type IngestProblem,
  type IngestResult,
  MAX_UNPACKED_BYTES,
  Refusal,
  type Wishes,
} from './types.ts';
import { unwrap } from './unwrap.ts';

/** Messages in messages, archives and includes together. */
const MAX_DEPTH = 6;
const MAX_PARTS = 200;
const MAX_INCLUDE_DEPTH = 2;

/** Never throws for any input. A result is whole: with one error nothing of it is to be used. */
export function ingest(bytes: Uint8Array, options: IngestOptions): IngestResult {
  const reader = new Reader(options);
  const { base64 = false, location } = options;
  reader.take({ bytes, type: '', depth: 0, includes: 0, base64, ...(location !== undefined && { location }) });
  return reader.result();
}

interface Input extends Signable {
  bytes: Uint8Array;
  type: string;
  filename?: string;
  depth: number;
  /** It was encrypted: nothing of it is shown. */
  secret?: true;
  /** What it is a piece of wishes so. */
  substitute?: NonNullable<Directives['substitute']>;
  /** How many includes led here. */
  includes: number;
  base64?: boolean;
  /** Counts from 1; absent: the whole user-data. */
  part?: number;
}

class Reader {
  readonly #options: IngestOptions;
  readonly #files: IngestedFile[] = [];
  readonly #problems: IngestProblem[] = [];
  readonly #wanted: IncludeUrl[] = [];
  readonly #encrypted: Uint8Array[] = [];
  readonly #proofs: Proofs;
  readonly #wishes: Wishes = {};
  /** Pod → the place that defines it. */
  readonly #pods = new Map<string, string>();
  readonly #budget = { bytes: MAX_UNPACKED_BYTES };
  #parts = 0;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#proofs = new Proofs(options, this.#wanted);
  }

  result(): IngestResult {
    const refused = this.#problems.some(({ severity }) => severity === 'error');
    const result = { problems: this.#problems, serials: this.#proofs.serials, wishes: this.#wishes };
    const none = { ...result, files: [], wanted: [], encrypted: [] };
    if (refused) return { ...none, outcome: 'refused' };
    const [wanted, encrypted] = [this.#wanted, this.#encrypted];
    if (wanted.length + encrypted.length > 0) return { ...none, outcome: 'incomplete', wanted, encrypted };
    return { ...none, outcome: this.#files.length > 0 ? 'files' : 'nothing', files: this.#files };
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
    if (isEncrypted(bytes)) {
      const plain = this.#decrypt(bytes);
      if (plain) this.#read({ ...input, bytes: plain, base64: false, depth: input.depth + 1, secret: true });
      return;
    }
    if (reading === 'sniff' && isMime(Buffer.from(bytes.subarray(0, 8192)).toString('latin1'))) {
      const signed = this.#proofs.signer(input, bytes, this.#complainer(input));
      if (signed) this.#message({ ...input, ...signed }, bytes);
      return;
    }
    const decoded = decodeText(bytes);
    if (!decoded.ok) throw new Refusal(decoded.message.replace(/^the manifest /, ''));
    const { text } = decoded;
    if (this.#options.writeFilesDone && isForCloudInit(input.type, text)) {
      this.#problem(input, 'warning', 'is left to cloud-init, which runs it: there are no Pods in it');
      return;
    }
    const refused = refusedType(input.type, text);
    if (refused !== undefined) throw new Refusal(refused);
    if (reading === undefined)
      throw new Refusal(`has the content type ${JSON.stringify(input.type.slice(0, 80))}, which Rower does not take`);
    this.#text({ ...input, bytes }, text, reading);
  }

  #text(given: Input, whole: string, reading: Reading): void {
    const { content: text, signature } = splitSigned(whole);
    // Over the very bytes, a byte order mark too.
    const signed = given.bytes.subarray(0, given.bytes.length - Buffer.byteLength(whole.slice(text.length)));
    const proof = this.#proofs.signer(
      signature === undefined ? given : { ...given, signature },
      signed,
      this.#complainer(given),
    );
    if (!proof) return;
    const input = { ...given, ...proof };
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

  #message(input: Input, bytes: Uint8Array): void {
    const { launchIndex: mine = 0 } = this.#options;
    const parts = readMime(bytes);
    for (const part of parts) {
      if (isSignature(part.filename, part.type) || (part.launchIndex ?? mine) !== mine) continue;
      const signature = parts.find(
        ({ filename, type }) => filename && isSignature(filename, type) && signedName(filename) === part.filename,
      );
      this.#part(input, part, signature && Buffer.from(signature.bytes).toString('latin1'));
    }
  }

  /** Undefined: it is asked for. Throws Refusal. */
  #decrypt(bytes: Uint8Array): Uint8Array | undefined {
    const plain = this.#options.decrypted?.get(cipherId(bytes));
    if (plain === undefined) this.#encrypted.push(bytes);
    if (typeof plain === 'string') throw new Refusal(plain);
    return plain;
  }

  #part(parent: Input, part: { type: string; filename?: string; bytes: Uint8Array }, signature?: string): void {
    this.#parts += 1;
    if (this.#parts > MAX_PARTS) throw new Refusal(`more than ${MAX_PARTS} parts`);
    const { depth, includes, signer, secret, substitute } = parent;
    const signed = {
      ...(signature !== undefined && { signature }),
      ...(signer !== undefined && { signer }),
      ...(secret && { secret }),
      ...(substitute && { substitute }),
    };
    this.take({ ...part, ...signed, depth: depth + 1, includes, part: this.#parts });
  }

  #cloudConfig(input: Input, text: string): void {
    const { manifestDirectory, writeFilesDone = false, launchIndex: mine = 0 } = this.#options;
    const {
      files,
      warnings,
      directives,
      launchIndex = mine,
    } = readCloudConfig(text, {
      manifestDirectory,
      writeFilesDone,
    });
    if (launchIndex !== mine) return;
    this.#wish(input, directives);
    for (const warning of warnings) this.#problem(input, 'warning', warning);
    const { substitute = input.substitute } = directives;
    const parent = { ...input, ...(substitute && { substitute }) };
    for (const { name, bytes } of files) this.#part(parent, { type: 'application/yaml', filename: name, bytes });
  }

  #archive(input: Input, text: string): void {
    const { documents, problems } = readYaml(text);
    const items = documents[0]?.value;
    if (problems.length > 0 || !Array.isArray(items)) throw new Refusal('a cloud-config-archive is a YAML list');
    for (const item of items) {
      const content = isRecord(item) ? item.content : item;
      if (typeof content !== 'string') throw new Refusal('an item of the cloud-config-archive has no content');
      const { launchIndex: mine = 0 } = this.#options;
      if ((launchIndexOf(item) ?? mine) !== mine) continue;
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
        location: include.url,
        // What is pinned in a signed text is signed with it.
        ...(include.sha256 !== undefined && input.signer !== undefined && { signer: input.signer }),
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
    const { trust } = this.#options;
    if (trust && input.signer === undefined && !input.doubted)
      this.#complainer(input)('is not signed, or the signature is not at its end: rower sign --key KEY FILE');
    const directives = { ...(input.substitute && { substitute: input.substitute }), ...readDirectives(whole) };
    this.#wish(input, directives);
    const { serial, audience, notAfterMs } = directives;
    if (!trust && (serial ?? audience ?? notAfterMs) !== undefined)
      this.#problem(input, 'warning', 'serial, audience and not-after are not looked at: --metadata-trust is off');
    const blocks = encryptedBlocks(whole).map((block) => this.#decrypt(Buffer.from(block)));
    if (blocks.includes(undefined)) return;
    const text = replaceBlocks(whole, () => Buffer.from(blocks.shift() ?? []).toString('utf8'));
    const { documents: read, problems } = readYaml(text);
    const given = problems.length === 0 ? read.map(({ value }) => value) : [];
    this.#proofs.claim(input.signer, given, directives, this.#complainer(input));
    const { text: made, warnings, wanted } = makeManifest(text, given, directives, this.#options, this.#budget);
    for (const warning of warnings) this.#problem(input, 'warning', warning);
    this.#wanted.push(...wanted);
    if (wanted.length === 0) this.#keep(input, made ?? text, input.secret === true || (made ?? text) !== whole);
  }

  #wish(input: Input, { onMissing, onEmpty }: Directives): void {
    for (const [key, wish] of Object.entries({ onMissing, onEmpty }) as [keyof Wishes, 'keep' | 'remove'][]) {
      if (wish === undefined) continue;
      if (this.#options.trust?.required && input.signer === undefined) {
        this.#problem(input, 'warning', `${key} is not heeded: it is not signed`);
        continue;
      }
      if ((this.#wishes[key] ?? wish) !== wish)
        throw new Refusal(`${key} is ${wish} here, and another in a part before`);
      this.#wishes[key] = wish;
    }
  }

  /** Refuses where signatures are required, warns elsewhere. */
  #complainer(input: Input): (message: string) => void {
    return (message) => {
      if (this.#options.trust?.required) throw new Refusal(message);
      this.#problem(input, 'warning', message);
    };
  }

  /** `made`: places in the text mean nothing to its author. */
  #keep(input: Input, text: string, made: boolean): void {
    const { signer } = input;
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
        name: fileNameFor(input, (name) => this.#files.some((file) => file.name === name)),
        text,
        pods: revisions.length,
        documents: documents.length,
        ...(signer !== undefined && { signer }),
      });
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
