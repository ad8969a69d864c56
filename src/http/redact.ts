/**
 * What an unauthenticated port must not tell of a Pod: literal environment values, header values of probes and hooks,
 * and the copy of the manifest that `kubectl apply` leaves in an annotation. Commands and arguments stay.
 */
import type { Container, Pod } from '../kubelet/types.ts';

export const REDACTED = '<redacted>';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** An object, as kubectl needs one there to go on to our answer. */
const REDACTED_OBJECT = JSON.stringify({ manifest: REDACTED });

/** A copy without secrets. Shares every untouched part with `pod`, which is not changed. */
export function redactPod(pod: Pod): Pod {
  const { metadata, spec } = pod;
  return {
    ...pod,
    metadata: metadata.annotations?.[LAST_APPLIED]
      ? { ...metadata, annotations: { ...metadata.annotations, [LAST_APPLIED]: REDACTED_OBJECT } }
      : metadata,
    spec: {
      ...spec,
      containers: spec.containers.map(redactContainer),
      ...(spec.initContainers && { initContainers: spec.initContainers.map(redactContainer) }),
      ...(spec.ephemeralContainers && { ephemeralContainers: spec.ephemeralContainers.map(redactContainer) }),
    },
  };
}

type Secretive = Pick<Container, 'env' | 'livenessProbe' | 'readinessProbe' | 'startupProbe' | 'lifecycle'>;

function redactContainer<C extends Secretive>(container: C): C {
  const { env, livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  return {
    ...container,
    ...(env && {
      env: env.map((variable) => (variable.value === undefined ? variable : { ...variable, value: REDACTED })),
    }),
    ...(livenessProbe && { livenessProbe: redactHeaders(livenessProbe) }),
    ...(readinessProbe && { readinessProbe: redactHeaders(readinessProbe) }),
    ...(startupProbe && { startupProbe: redactHeaders(startupProbe) }),
    ...(lifecycle && {
      lifecycle: {
        ...lifecycle,
        ...(lifecycle.postStart && { postStart: redactHeaders(lifecycle.postStart) }),
        ...(lifecycle.preStop && { preStop: redactHeaders(lifecycle.preStop) }),
      },
    }),
  };
}

function redactHeaders<H extends { httpGet?: { httpHeaders?: { name: string; value: string }[] } }>(handler: H): H {
  const headers = handler.httpGet?.httpHeaders;
  if (!headers) return handler;
  return {
    ...handler,
    httpGet: { ...handler.httpGet, httpHeaders: headers.map(({ name }) => ({ name, value: REDACTED })) },
  };
}

/** The text with every URL in it cut down to scheme, host and path: user, password and query may be secret. */
export function redactUrls(text: string): string {
  return text.replace(/(https?:\/\/)(?:[^\s/?#"'@]*@)?([^\s?#"']*)(?:[?#][^\s"']*[^\s"':,.;])?/gi, '$1$2');
}
