import type { Revision } from '../types.ts';
import { allContainers } from './containers.ts';
import { imageReferenceProblem, withDefaultTag } from './images.ts';
import type { PodInput } from './input.ts';
import { neededImages } from './mounted-images.ts';
import type { Action, Plan } from './types.ts';

/**
 * Before the former revision is stopped the images of the next one are fetched, so that the gap between them is a stop
 * and a start and never a pull. One failed pull ends the wait: an edit always takes effect. Undefined: go on. Pure.
 */
export function pullAhead(input: PodInput, revision: Revision): Plan | undefined {
  const actions: Action[] = [];
  let missing = false;
  const { spec } = revision.pod;
  for (const container of allContainers(spec).flatMap((one) => neededImages(spec, one))) {
    const image = withDefaultTag(container.image);
    if (
      container.imagePullPolicy === 'Never' ||
      imageReferenceProblem(container.image) ||
      input.notes.pullFailures.has(image)
    )
      continue;
    const known = input.imageKnown(image);
    if (known === 'present') continue;
    missing = true;
    if (known === 'unknown') actions.push({ kind: 'check-image', revision, containerName: container.name, image });
    else if (!input.inFlight.pulling.has(image))
      actions.push({ kind: 'pull-image', revision, containerName: container.name, attempt: 0, image });
  }
  if (!missing) return undefined;
  return {
    actions,
    waits: [
      { reason: 'PullingAhead', message: 'the former revision runs on until the images of the next one are here' },
    ],
  };
}
