/** The manifests that the machine's image brings for Appliances. */
import { APPLIANCE_DIRECTORIES } from './ingest/appliance.ts';
import type { ApplianceBase } from './ingest/types.ts';
import type { Machine } from './machine.ts';

const NAME = /^([A-Za-z0-9][\w.-]*)\.(?:ya?ml|json)$/;
const MAX_BASES = 200;

/** By name, without the ending. What cannot be taken is an entry that says why. */
export async function readAppliances(machine: Machine): Promise<Map<string, ApplianceBase>> {
  const bases = new Map<string, ApplianceBase & { path: string }>();
  for (const directory of APPLIANCE_DIRECTORIES) {
    for (const file of await machine.list(directory)) {
      const name = NAME.exec(file)?.[1];
      if (name === undefined || bases.size >= MAX_BASES) continue;
      const path = `${directory}/${file}`;
      const bytes = await machine.read(path);
      const before = bases.get(name);
      if (!bytes) bases.set(name, { path, problem: `${path} cannot be read, or is larger than 1 MiB` });
      else if (!before) bases.set(name, { path, bytes });
      else if (!('bytes' in before) || !Buffer.from(before.bytes).equals(bytes))
        bases.set(name, { path, problem: `${before.path} and ${path} have one name and differ: remove one of them` });
    }
  }
  return bases;
}
