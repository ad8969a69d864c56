/** What a volume is prepared from, for tables. */
import { NO_DOCUMENTS } from '../../../src/kubelet/documents.ts';
import type { Pod, PodSpec, Volume } from '../../../src/kubelet/types.ts';
import type { VolumeInput } from '../../../src/kubelet/volumes/kinds.ts';
import { revision } from '../build.ts';
import { node } from '../node.ts';

let stamps = 0;

/** `path` is where the volume goes, whatever its plugin. Warnings are errors unless `warn` is given. */
export function volumeInput(
  volume: Omit<Volume, 'name'>,
  path: string,
  change: Partial<VolumeInput> & { spec?: Partial<PodSpec> } = {},
): VolumeInput {
  const { spec, ...rest } = change;
  return {
    pod: revision(spec).pod,
    volume: { name: 'v', ...volume },
    node: node(),
    directory: () => path,
    documents: NO_DOCUMENTS,
    stamp: () => {
      stamps += 1;
      return `2026_01_01_00_00_00.${stamps}`;
    },
    warn: (message) => {
      throw new Error(`warned: ${message}`);
    },
    ...rest,
  };
}

/** The same Pod with labels and annotations. */
export function labelled(pod: Pod, labels: Record<string, string>, annotations: Record<string, string> = {}): Pod {
  return { ...pod, metadata: { ...pod.metadata, labels, annotations } };
}
