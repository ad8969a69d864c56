/** Annotations that name a container after this; deprecated since 1.30, and still in many manifests. */
export const APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';

export interface Profile {
  type: string;
  localhostProfile?: string;
}

/** Undefined: it is none. */
export function annotatedApparmor(text: string | undefined): Profile | undefined {
  if (text === 'runtime/default') return { type: 'RuntimeDefault' };
  if (text === 'unconfined') return { type: 'Unconfined' };
  const [, localhostProfile] = /^localhost\/(.+)$/s.exec(text ?? '') ?? [];
  return localhostProfile === undefined ? undefined : { type: 'Localhost', localhostProfile };
}
