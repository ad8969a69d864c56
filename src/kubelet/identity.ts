/** Who a Pod is: its name on this machine, its uid, and the hashes that tell one version from the next. */
import { createHash } from 'node:crypto';
import type { PodOrigin } from './types.ts';

/** `<name>-<node>`: static Pods carry the name of their node (pkg/kubelet/config/common.go). */
export function staticPodName(name: string, nodeName: string): string {
  return `${name}-${nodeName.toLowerCase()}`;
}

/**
 * 32 hex digits for a Pod whose manifest names no uid. `stripped` is the Pod as it was written, without everything that
 * defaulting would put there: neither writing a default out nor a Rower that knows more defaults changes the uid (with
 * the kubelet, an upgrade that brings a default restarts every static Pod).
 */
export function podUid(stripped: unknown, nodeName: string, origin: PodOrigin): string {
  const source = `${origin.kind === 'http' ? 'url' : 'file'}:${origin.location}`;
  return digest([canonicalJson(stripped), `host:${nodeName.toLowerCase()}`, source].join('\0'), 128);
}

/** Changes when a container must be replaced: with its name or image (pkg/kubelet/container/helpers.go HashContainer). */
export function containerHash(container: { name: string; image: string }): string {
  return digest(canonicalJson({ name: container.name, image: container.image }), 64);
}

/** Tells whether bytes changed: of a file, of an HTTP body. */
export function contentHash(bytes: Uint8Array | string): string {
  return digest(bytes, 256);
}

/** JSON with the keys of every object sorted. Depth must be bounded by the caller. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function digest(content: Uint8Array | string, bits: number): string {
  return createHash('sha256')
    .update(content)
    .digest('hex')
    .slice(0, bits / 4);
}
