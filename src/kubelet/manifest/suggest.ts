/** `did you mean …`: what an unknown field was probably meant to be. */
import { closest } from '../../config/closest.ts';
import { TYPES } from './fields.ts';

/** Where fields that stand in the wrong place mostly belong, with how to say it. */
const HOMES = [
  ['Container', 'a container'],
  ['PodSpec', 'spec'],
  ['PodSecurityContext', "the Pod's securityContext"],
  ['SecurityContext', "a container's securityContext"],
  ['ObjectMeta', 'metadata'],
] as const;
const MAX_NAME_LENGTH = 64;

/** Text to append to a message; empty when nothing is near. */
export function suggestField(type: string, key: string): string {
  // Comparing costs the product of the lengths, and nobody mistypes a name this long.
  if (key.length > MAX_NAME_LENGTH) return '';
  const near = closest(key, Object.keys(TYPES[type] ?? {}));
  const home = HOMES.find(([name]) => name !== type && Object.hasOwn(TYPES[name] ?? {}, key));
  const meant = near === undefined ? '' : `did you mean ${JSON.stringify(near)}?`;
  if (home) return `; it is a field of ${home[1]}: check the indentation${meant && ` (or ${meant})`}`;
  return meant && `; ${meant}`;
}
