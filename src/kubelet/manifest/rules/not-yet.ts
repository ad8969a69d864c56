/**
 * Values that this version cannot honour, of fields that it supports otherwise. A line here goes when the feature comes.
 */
import { forbidden, type Path, type Problems } from '../problems.ts';
import type { PodSpecManifest } from './containers.ts';

export function checkNotYet(spec: PodSpecManifest, path: Path, problems: Problems): void {
  if (spec.os?.name === 'windows') problems.refuse([...path, 'os', 'name'], forbidden('this is a Linux machine'));
}
