/**
 * The sentences of `kubectl explain`, by type and field of the manifest's tables. What Rower does with a field and what
 * its default is comes from those tables and is added to its sentence.
 *
 * To add one: a line under its type. A test wants one for every field that a Pod can have.
 */
import { POD_TEXTS } from './texts-pod.ts';
import { SECURITY_TEXTS } from './texts-security.ts';
import { VOLUME_TEXTS } from './texts-volumes.ts';

/** By Kubernetes' name of the type: what it is, and its fields. */
export type Texts = Readonly<Record<string, readonly [about: string, fields: Readonly<Record<string, string>>]>>;

export const TEXTS: Texts = { ...POD_TEXTS, ...SECURITY_TEXTS, ...VOLUME_TEXTS };
