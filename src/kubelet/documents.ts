/**
 * The documents beside the Pods: ConfigMaps, Secrets and claims of the manifest files. A Pod names them, and never
 * carries them: its uid does not change with them.
 */
import type { PodOrigin } from './types.ts';

export type DocumentKind = 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim' | 'PersistentVolume';

/** Bytes by key. */
export type DocumentData = ReadonlyMap<string, Uint8Array>;

/** Where a PersistentVolume has its content: one of the fields of the same names. */
export interface VolumeLocation {
  hostPath?: { path: string; type?: string };
  local?: { path: string };
  nfs?: { server: string; path: string; readOnly?: boolean };
}

/** One accepted version of a document. Treat as frozen. */
export interface ConfigDocument {
  readonly kind: DocumentKind;
  /** Empty for a PersistentVolume: those have none. */
  readonly namespace: string;
  readonly name: string;
  /** Changes exactly when anything that a Pod can see of it changes. */
  readonly hash: string;
  readonly origin: PodOrigin;
  /** What environment variables can be made of; all of a Secret. Empty for claims and volumes. */
  readonly data: DocumentData;
  /** `binaryData` of a ConfigMap: for files only. */
  readonly binaryData: DocumentData;
  /** Refuses other content until it is deleted. */
  readonly immutable: boolean;
  /** Of a Secret, e.g. `kubernetes.io/dockerconfigjson`. */
  readonly type?: string;
  /** Of a claim: the PersistentVolume it asks for; absent: a directory of its own. */
  readonly volumeName?: string;
  /** Of a PersistentVolume. */
  readonly location?: VolumeLocation;
}

export type DocumentKey = string & { readonly brand: 'DocumentKey' };

export function documentKey(kind: DocumentKind, namespace: string, name: string): DocumentKey {
  return `${kind}/${namespace}/${name}` as DocumentKey;
}

/** Every document there is, by key. Another object whenever anything in it changed. */
export type Documents = ReadonlyMap<DocumentKey, ConfigDocument>;

export const NO_DOCUMENTS: Documents = new Map();

/** What outlives the agent. */
export interface DocumentMemory {
  /** The last good documents of the agent before this one. */
  readonly documents: Documents;
  /** Told of every change. Never throws. */
  keep(documents: Documents): void;
}

/** The API server's words, which the kubelet passes on: `configmap "x" not found`. */
export function notFoundText(kind: DocumentKind, name: string): string {
  return `${kind.toLowerCase()} "${name}" not found`;
}
