/** Names of the files that manifests are written into. */

const MAX_NAME_LENGTH = 60;

/** One plain name that is not taken, after what its author called it: `web.yaml`, `part-2.yaml`. */
export function fileNameFor(
  { filename = '', part }: { filename?: string; part?: number },
  taken: (name: string) => boolean,
): string {
  const base = filename.split(/[/\\]/).at(-1) ?? '';
  const stem = base
    .replace(/(?:\.(?:ya?ml|json|gz|txt))+$/i, '')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, MAX_NAME_LENGTH);
  const wanted = stem || (part === undefined ? 'user-data' : `part-${part}`);
  let name = wanted;
  for (let count = 2; taken(`${name}.yaml`); count += 1) name = `${wanted}-${count}`;
  return `${name}.yaml`;
}
