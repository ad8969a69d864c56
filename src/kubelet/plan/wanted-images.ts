import type { Pod } from '../types.ts';
import { allContainers } from './containers.ts';
import { withDefaultTag } from './images.ts';
import type { Resolved } from './resolve.ts';

/** Images that the wanted Pods need, of containers and of volumes, with a tag or digest. Pure. */
export function wantedImages(resolved: Resolved): Set<string> {
  const images = new Set<string>();
  for (const slot of resolved.slots.values()) {
    if (slot.state === 'want') for (const image of imagesOf(slot.revision.pod)) images.add(withDefaultTag(image));
  }
  return images;
}

function imagesOf({ spec }: Pod): string[] {
  return [
    ...allContainers(spec).map((container) => container.image),
    ...(spec.volumes ?? []).flatMap((volume) => volume.image?.reference ?? []),
  ];
}
