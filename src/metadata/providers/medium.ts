/** A medium of Rower's own: labelled ROWER, with `rower.yaml` or manifests in `pods`. */
import { ignoredName } from '../../kubelet/sources/manifest-name.ts';
import { MAX_RAW_BYTES } from '../ingest/types.ts';
import { MetadataError, type Payload, type Provider } from '../provider.ts';
import { joined } from '../url.ts';

const LABELS = ['rower'];
const MAX_FILES = 100;

export const medium: Provider = {
  name: 'medium',
  title: 'A medium with the label ROWER',
  detect: async (machine) => {
    const device = await machine.onVolume(LABELS, async (_, name) => name);
    return device === undefined ? undefined : `${device} has the label ROWER`;
  },
  fetch: async ({ machine }) => {
    const payloads = await machine.onVolume(LABELS, async (volume): Promise<Payload[]> => {
      const single = await volume.readFile('rower.yaml', MAX_RAW_BYTES);
      if (single !== undefined) return [{ name: 'rower.yaml', bytes: single }];
      const files = [];
      for (const name of (await volume.list('pods')).sort().slice(0, MAX_FILES)) {
        const bytes =
          ignoredName(name) === undefined ? await volume.readFile(`pods/${name}`, MAX_RAW_BYTES) : undefined;
        if (bytes !== undefined) files.push({ name, bytes });
      }
      return joined('pods', files);
    });
    if (!payloads) throw new MetadataError('there is no medium with the label ROWER', { kind: 'medium' });
    return { payloads, attributes: {} };
  },
};
