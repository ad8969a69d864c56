/** Which names in a manifest directory are manifests; the rest is what editors and people leave behind. */

const EXTENSIONS = ['.yaml', '.yml', '.json'];

/** Why a file of this name is not read; undefined when it is. */
export function ignoredName(name: string): string | undefined {
  if (name.startsWith('.')) return 'its name begins with a dot';
  // Node shows bytes that are not UTF-8 as this character; such a file could not be opened by this name.
  if (name.includes('\ufffd')) return 'its name is not UTF-8';
  if (!EXTENSIONS.some((extension) => name.endsWith(extension)))
    return `its name ends in none of ${EXTENSIONS.join(', ')}`;
  return undefined;
}

/** Byte order: the first of two files that define one Pod wins, whatever the locale. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
