/** A machine made of a directory: its DMI strings, command line and other files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Machine, machineAt } from '../../src/metadata/machine.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';

export interface MachineFiles {
  dmi?: Readonly<Record<string, string | Uint8Array>>;
  commandLine?: string;
  files?: Readonly<Record<string, string | Uint8Array>>;
  environment?: NodeJS.ProcessEnv;
}

export async function makeMachine(t: TestContext, given: MachineFiles = {}): Promise<Machine & { root: string }> {
  const root = await temporaryDirectory(t);
  const files: Record<string, string | Uint8Array> = { ...given.files };
  for (const [name, value] of Object.entries(given.dmi ?? {})) files[`/sys/class/dmi/id/${name}`] = value;
  if (given.commandLine !== undefined) files['/proc/cmdline'] = given.commandLine;
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return { ...machineAt(root, given.environment), root };
}

/** A device with this content, as the kernel shows it. */
export function device(name: string, content: Uint8Array): Record<string, string | Uint8Array> {
  return { [`/sys/class/block/${name}/size`]: '1\n', [`/dev/${name}`]: content };
}
