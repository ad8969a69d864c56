import type { IDMapping } from '../../cri/port.ts';
import type { Pod } from '../types.ts';
import { ConfigError } from './config-error.ts';

/** Ids of the machine that a Pod with `hostUsers: false` runs with: its id 0 is `hostId`, and so on. */
export interface UserNamespace {
  readonly hostId: number;
  readonly length: number;
}

/** Ids per Pod, and what a first id is a multiple of (pkg/kubelet/userns/userns_manager.go). */
export const IDS_PER_POD = 65_536;
/** The first 65536 ids are those of the machine itself; ids have 32 bits, and the last of them means "none". */
const LAST_SLOT = 65_534;

/** One mapping for users and groups. */
export function idMappings({ hostId, length }: UserNamespace): IDMapping[] {
  return [{ hostId, containerId: 0, length }];
}

/** The first range that none of `taken` touches; undefined: there is none left. */
export function freeRange(taken: readonly UserNamespace[]): UserNamespace | undefined {
  const slots = new Set(
    taken.flatMap(({ hostId, length }) => {
      const first = Math.floor(hostId / IDS_PER_POD);
      const last = Math.floor((hostId + length - 1) / IDS_PER_POD);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    }),
  );
  for (let slot = 1; slot <= LAST_SLOT; slot += 1)
    if (!slots.has(slot)) return { hostId: slot * IDS_PER_POD, length: IDS_PER_POD };
  return undefined;
}

/** As written beside the Pod: one and the same mapping for users and groups, from id 0 on. Undefined: it is none. */
export function readMappings(text: string): UserNamespace | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { uidMappings, gidMappings } = (value ?? {}) as Record<string, unknown>;
  if (!Array.isArray(uidMappings) || uidMappings.length !== 1) return undefined;
  if (JSON.stringify(uidMappings) !== JSON.stringify(gidMappings)) return undefined;
  const { hostId, containerId, length } = (uidMappings[0] ?? {}) as Record<string, unknown>;
  const good = containerId === 0 && length === IDS_PER_POD && typeof hostId === 'number' && hostId % IDS_PER_POD === 0;
  return good && hostId >= IDS_PER_POD && hostId <= LAST_SLOT * IDS_PER_POD ? { hostId, length } : undefined;
}

/** The kubelet's own form of the same, `pods/<uid>/userns`. */
export function writeMappings(ids: UserNamespace): string {
  const mappings = idMappings(ids);
  return `${JSON.stringify({ uidMappings: mappings, gidMappings: mappings })}\n`;
}

/** Throws ConfigError, in the kubelet's words, when the Pod asks for a user namespace and its handler has none. */
export function checkUserNamespace(pod: Pod, handler: string, supported: boolean, runtime: string): void {
  if (pod.spec.hostUsers !== false || supported) return;
  const who = handler === '' ? `runtime ${runtime}` : `RuntimeClass handler "${handler}" of ${runtime}`;
  throw new ConfigError(`can't set \`spec.hostUsers: false\`, ${who} does not support user namespaces`);
}
