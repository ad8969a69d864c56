/** Finds out, while an image archive streams by, what images are in it. Pure: bytes in, names out. */

const BLOCK_BYTES = 512;
/** Of `index.json`, `manifest.json` and pax headers: anything longer is not an image archive. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;
const MAX_NAMES = 10_000;

/** Reads the form of `docker save` (`manifest.json`) and the OCI layout (`index.json`). */
export class ArchiveNames {
  #header = Buffer.alloc(0);
  /** Bytes of the current entry, padding included, that are still to come. */
  #rest = 0;
  /** Of the current entry, when it is wanted: its content so far, and what it is. */
  #wanted: { kind: 'pax' | 'docker' | 'oci'; chunks: Buffer[]; rest: number } | undefined;
  /** From a pax header, for the next entry. */
  #paxSize: number | undefined;
  readonly #docker = new Set<string>();
  readonly #oci = new Set<string>();

  /** Throws Error when it is no tar archive. */
  push(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      if (this.#rest > 0) {
        const piece = chunk.subarray(from, from + this.#rest);
        this.#content(piece);
        from += piece.length;
        continue;
      }
      const piece = chunk.subarray(from, from + BLOCK_BYTES - this.#header.length);
      from += piece.length;
      this.#header = Buffer.concat([this.#header, piece]);
      if (this.#header.length < BLOCK_BYTES) continue;
      const header = this.#header;
      this.#header = Buffer.alloc(0);
      this.#begin(header);
    }
  }

  /** Full references; of an archive that has both forms, those of containerd's own. */
  names(): string[] {
    return [...(this.#oci.size > 0 ? this.#oci : this.#docker)].sort();
  }

  #begin(header: Buffer): void {
    if (header.every((byte) => byte === 0)) return;
    if (!header.subarray(257, 262).equals(Buffer.from('ustar'))) throw new Error('it is not a tar archive');
    const name = text(header, 0, 100).replace(/^\.\//, '');
    const size = this.#paxSize ?? number(header.subarray(124, 136));
    const type = String.fromCharCode(header[156] ?? 0);
    this.#paxSize = undefined;
    this.#rest = Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    const kind = type === 'x' ? 'pax' : name === 'manifest.json' ? 'docker' : name === 'index.json' ? 'oci' : undefined;
    if (!kind) return;
    if (size > MAX_TEXT_BYTES) throw new Error(`its ${name} is longer than ${MAX_TEXT_BYTES} bytes`);
    this.#wanted = { kind, chunks: [], rest: size };
  }

  #content(piece: Buffer): void {
    this.#rest -= piece.length;
    const wanted = this.#wanted;
    if (!wanted) return;
    wanted.chunks.push(Buffer.from(piece.subarray(0, wanted.rest)));
    wanted.rest -= Math.min(wanted.rest, piece.length);
    if (wanted.rest > 0) return;
    this.#wanted = undefined;
    const whole = Buffer.concat(wanted.chunks).toString();
    if (wanted.kind === 'pax') this.#paxSize = paxSize(whole);
    else this.#take(wanted.kind, whole);
  }

  #take(kind: 'docker' | 'oci', json: string): void {
    const found = kind === 'docker' ? this.#docker : this.#oci;
    for (const name of namesIn(kind, json)) if (found.size < MAX_NAMES) found.add(name);
  }
}

function namesIn(kind: 'docker' | 'oci', json: string): string[] {
  try {
    if (kind === 'docker')
      return (JSON.parse(json) as { RepoTags?: string[] | null }[])
        .flatMap(({ RepoTags }) => RepoTags ?? [])
        .map(String);
    const { manifests = [] } = JSON.parse(json) as { manifests?: { annotations?: Record<string, string> }[] };
    return manifests.flatMap(({ annotations = {} }) => {
      const full = annotations['io.containerd.image.name'];
      const reference = annotations['org.opencontainers.image.ref.name'] ?? '';
      // Alone, this one may be a mere tag.
      return full ?? (reference.includes('/') ? reference : []);
    });
  } catch {
    return [];
  }
}

function text(header: Buffer, from: number, to: number): string {
  const field = header.subarray(from, to);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? field.length : end).toString();
}

/** Octal, or GNU's base 256 for what is too large for that. */
function number(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0) return field.subarray(-6).readUIntBE(0, 6);
  return Number.parseInt(text(field, 0, field.length).trim() || '0', 8);
}

/** `<length> size=<bytes>` among the records of a pax header. */
function paxSize(records: string): number | undefined {
  const size = /(?:^|\n)\d+ size=(\d+)\n/.exec(records)?.[1];
  return size === undefined ? undefined : Number(size);
}
