/**
 * The Kubernetes objects of the wire, as plain JSON types.
 *
 * They are derived from the generated model of `@kubernetes/client-node` (types only: nothing of that package is
 * loaded), with each `Date` replaced by the RFC 3339 string that travels on the wire.
 */
import type {
  V1Container,
  V1ContainerPort,
  V1ContainerState,
  V1ContainerStatus,
  V1EnvVar,
  V1LifecycleHandler,
  V1ObjectMeta,
  V1Pod,
  V1PodCondition,
  V1PodSpec,
  V1PodStatus,
  V1Probe,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node';

/** The JSON form of a generated model type: dates are RFC 3339 strings. */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer U)[]
    ? Wire<U>[]
    : T extends object
      ? { [K in keyof T]: Wire<T[K]> }
      : T;

type With<T, K extends keyof T> = T & { [P in K]-?: NonNullable<T[P]> };

/** A Pod as a person writes it: every field optional, nothing checked. */
export type PodManifest = Wire<V1Pod>;
export type ContainerPort = With<Wire<V1ContainerPort>, 'protocol'>;
export type EnvVar = Wire<V1EnvVar>;
export type LifecycleHandler = Wire<V1LifecycleHandler>;
export type Probe = Wire<V1Probe>;
export type Volume = Wire<V1Volume>;
export type VolumeMount = Wire<V1VolumeMount>;
export type PodCondition = Wire<V1PodCondition>;
export type PodStatus = Wire<V1PodStatus>;
export type ContainerStatus = Wire<V1ContainerStatus>;
export type ContainerState = Wire<V1ContainerState>;

/** A container after defaulting (pkg/apis/core/v1/defaults.go). */
export type Container = Omit<
  With<Wire<V1Container>, 'image' | 'imagePullPolicy' | 'terminationMessagePath' | 'terminationMessagePolicy'>,
  'ports'
> & { ports?: ContainerPort[] };

/** A Pod spec after defaulting. */
export type PodSpec = Omit<
  With<Wire<V1PodSpec>, 'restartPolicy' | 'terminationGracePeriodSeconds' | 'dnsPolicy' | 'nodeName'>,
  'containers' | 'initContainers'
> & { containers: Container[]; initContainers?: Container[] };

export type ObjectMeta = With<Wire<V1ObjectMeta>, 'name' | 'namespace' | 'uid'>;

/** A Pod that went through `manifest/default` and `manifest/validate`: named, identified, complete. Treat as frozen. */
export interface Pod {
  apiVersion: 'v1';
  kind: 'Pod';
  metadata: ObjectMeta;
  spec: PodSpec;
  status?: PodStatus;
}

/** `namespace/name`, the suffixed name: the identity of a slot. A uid is a revision of it. */
export type PodKey = string & { readonly brand: 'PodKey' };

/** The slot a Pod belongs to. */
export function podKey(namespace: string, name: string): PodKey {
  return `${namespace}/${name}` as PodKey;
}

/** Where a Pod was read from: `file` with an absolute path, or `http` with the URL. */
export interface PodOrigin {
  kind: 'file' | 'http';
  location: string;
}

/** One accepted version of a Pod. The same content read again gives the same uid. */
export interface Revision {
  readonly key: PodKey;
  readonly uid: string;
  readonly pod: Pod;
  readonly origin: PodOrigin;
}
