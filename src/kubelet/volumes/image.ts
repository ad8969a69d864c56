/** image: the content of an image, which the runtime mounts itself and keeps read-only. */
import type { VolumeKind } from './kinds.ts';

export const image: VolumeKind = {
  prepare({ volume }) {
    const reference = volume.image?.reference ?? '';
    const source = { ref: reference, reference };
    return Promise.resolve({ hostPath: '', readOnly: true, selinuxRelabel: false, image: source });
  },
};
