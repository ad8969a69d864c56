/**
 * configMap, secret, downwardAPI and projected volumes: files that follow documents and the Pod's own fields. All but
 * configMap are in memory.
 */
import type { PreparedVolume } from '../host.ts';
import { messageOf } from '../sources/regular-file.ts';
import { makeDirectory } from './files.ts';
import { fsGroup } from './group.ts';
import type { VolumeInput, VolumeKind } from './kinds.ts';
import { canDisableSwap } from './memory.ts';
import { mountOnce } from './mounts.ts';
import { volumePayload } from './payload.ts';
import { hasPayload, writePayload } from './payload-writer.ts';

/** A few times what the largest manifests can hold: the old and the new content are there at the same time. */
const MEMORY_BYTES = 64 * 1024 * 1024;
const MODE = 0o755;

export const configMap: VolumeKind = { prepare: (input) => prepare(input, 'configmap', false) };
export const secret: VolumeKind = { prepare: (input) => prepare(input, 'secret', true) };
export const downwardApi: VolumeKind = { prepare: (input) => prepare(input, 'downward-api', true) };
export const projected: VolumeKind = { prepare: (input) => prepare(input, 'projected', true) };

async function prepare(input: VolumeInput, plugin: string, inMemory: boolean): Promise<PreparedVolume> {
  const directory = input.directory(plugin);
  const group = fsGroup(input.pod);
  if (inMemory) await mountOnce('tmpfs', directory, memoryOptions(group, input.node.kernelVersion));
  else await makeDirectory(directory, MODE);
  try {
    await writePayload(directory, volumePayload(input.volume, input), { group, stamp: input.stamp() });
  } catch (error) {
    // A running Pod keeps what it has when a document that it names is taken away.
    if (!(await hasPayload(directory))) throw error;
    input.warn(messageOf(error));
  }
  return { hostPath: directory, readOnly: true, selinuxRelabel: true };
}

function memoryOptions(group: number | undefined, kernelVersion: string): string[] {
  return [
    `size=${MEMORY_BYTES}`,
    ...(canDisableSwap(kernelVersion) ? ['noswap'] : []),
    `mode=${(group === undefined ? MODE : MODE | 0o2550).toString(8)}`,
    ...(group === undefined ? [] : [`gid=${group}`]),
  ];
}
