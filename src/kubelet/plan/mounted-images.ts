import type { Container, PodSpec } from '../types.ts';

/** An image that a container needs, and when it is pulled. */
export type ImageNeed = Pick<Container, 'name' | 'image' | 'imagePullPolicy'>;

/** The container's own image, then those of the image volumes that it mounts; `name` is the container's. */
export function neededImages(spec: PodSpec, container: Container): ImageNeed[] {
  const mounted = new Set((container.volumeMounts ?? []).map((mount) => mount.name));
  const volumes = (spec.volumes ?? []).filter((volume) => volume.image?.reference && mounted.has(volume.name));
  return [
    container,
    ...volumes.map(({ image }) => ({
      name: container.name,
      image: image?.reference ?? '',
      imagePullPolicy: image?.pullPolicy ?? 'IfNotPresent',
    })),
  ];
}
