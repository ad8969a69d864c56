import type { PullFailure } from '../notes.ts';
import type { Revision } from '../types.ts';
import type { PodInput } from './input.ts';
import type { ImageNeed } from './mounted-images.ts';
import type { Action, Wait } from './types.ts';

/** How long ErrImagePull is shown before its wait is called ImagePullBackOff. */
const SHOW_ERROR_MS = 2000;
/** An absent image with policy Never is looked for again this often: someone may import it. */
const RECHECK_MS = 10_000;

export type ImageStep = { ready: true } | { ready: false; actions: Action[]; wait: Wait };

/** What an image of a container needs before this attempt may be created (pkg/kubelet/images/image_manager.go). Pure. */
export function imageStep(input: PodInput, revision: Revision, container: ImageNeed, attempt: number): ImageStep {
  const problem = imageReferenceProblem(container.image);
  if (problem) return waiting({ container: container.name, reason: 'InvalidImageName', message: problem });

  const image = withDefaultTag(container.image);
  const { nowMs, monotonicMs } = input.clock;
  const absentSinceMs = input.absentSince(image);
  if (container.imagePullPolicy === 'Never') {
    const remainingMs = (absentSinceMs ?? Number.NEGATIVE_INFINITY) + RECHECK_MS - monotonicMs;
    const message = `Container image "${container.image}" is not present with pull policy of Never`;
    return remainingMs <= 0
      ? { ready: true }
      : waiting({ container: container.name, reason: 'ErrImageNeverPull', message, untilMs: nowMs + remainingMs });
  }
  const pulled =
    container.imagePullPolicy !== 'Always' || input.notes.pulled.has(pulledKey(container.name, attempt, image));
  const failure = input.notes.pullFailures.get(image);
  // With other pull secrets than those it failed with there is nothing to wait for.
  const wait = failure?.digest === input.references?.digest && failure && pullBackOff(input, container, failure);
  if (wait) return waiting(wait);
  if (pulled && absentSinceMs === undefined) return { ready: true };
  const pulling = {
    container: container.name,
    reason: 'ContainerCreating',
    message: `pulling image "${container.image}"`,
  };
  if (input.inFlight.pulling.has(image)) return waiting(pulling);
  return {
    ready: false,
    actions: [{ kind: 'pull-image', revision, containerName: container.name, image, attempt }],
    wait: pulling,
  };
}

function pullBackOff(input: PodInput, container: ImageNeed, failure: PullFailure): Wait | undefined {
  const { nowMs, monotonicMs } = input.clock;
  const remainingMs = failure.atMs + failure.backOffMs - monotonicMs;
  if (remainingMs <= 0) return undefined;
  const showErrorMs = failure.atMs + SHOW_ERROR_MS - monotonicMs;
  if (showErrorMs > 0) {
    const { reason, message } = failure;
    return { container: container.name, reason, message, untilMs: nowMs + Math.min(showErrorMs, remainingMs) };
  }
  return {
    container: container.name,
    reason: 'ImagePullBackOff',
    message: `Back-off pulling image "${container.image}": ${failure.reason}: ${failure.message}`,
    untilMs: nowMs + remainingMs,
  };
}

/** In `PodNotes.pulled`: this image was pulled for this start. */
export const pulledKey = (containerName: string, attempt: number, image: string): string =>
  `${containerName}/${attempt}/${image}`;

const waiting = (wait: Wait): ImageStep => ({ ready: false, actions: [], wait });

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const REFERENCE = new RegExp(
  `^(?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*(?::\\w[\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
);

const MAX_REFERENCE_CHARS = 512;
const MAX_SHOWN_CHARS = 160;

/** What is wrong with an image reference, in the kubelet's words; undefined when it can be parsed (distribution/reference). */
export function imageReferenceProblem(image: string): string | undefined {
  if (image.length <= MAX_REFERENCE_CHARS && REFERENCE.test(image)) return undefined;
  const shown = image.length <= MAX_REFERENCE_CHARS ? image : `${image.slice(0, MAX_SHOWN_CHARS)}…`;
  const prefix = `Failed to apply default image tag "${shown}": couldn't parse image name "${shown}": invalid reference format`;
  if (shown !== image) return `${prefix}: it is longer than ${MAX_REFERENCE_CHARS} characters`;
  const slash = image.indexOf('/');
  const path = (slash < 0 ? image : image.slice(slash + 1)).replace(/[:@].*$/, '');
  return path !== path.toLowerCase() ? `${prefix}: repository name (${path}) must be lowercase` : prefix;
}

/** `busybox` → `busybox:latest`; a reference with a tag or digest stays as it is. */
export function withDefaultTag(image: string): string {
  if (image.includes('@')) return image;
  return image.slice(image.lastIndexOf('/') + 1).includes(':') ? image : `${image}:latest`;
}
