/** How a failed pull is told (pkg/kubelet/images/image_manager.go evalCRIPullErr). Pure. */

export interface PullError {
  /** What status calls it. */
  readonly reason: 'ErrImagePull' | 'RegistryUnavailable' | 'SignatureValidationFailed';
  readonly message: string;
}

/** Runtimes begin their text with these words when they mean them (k8s.io/cri-api pkg/errors). */
const SPECIAL = {
  RegistryUnavailable: 'the registry is unavailable',
  SignatureValidationFailed: 'the signature validation failed',
} as const;

/** `text` is the runtime's. */
export function pullError(image: string, text: string): PullError {
  for (const reason of ['RegistryUnavailable', 'SignatureValidationFailed'] as const) {
    if (text.startsWith(reason))
      return {
        reason,
        message: `image pull failed for ${image} because ${SPECIAL[reason]}${text.slice(reason.length)}`,
      };
  }
  return { reason: 'ErrImagePull', message: text };
}

/** Failures with several credentials as one, each text once (apimachinery pkg/util/errors Aggregate). */
export function joinedText(texts: readonly string[]): string {
  const different = [...new Set(texts)];
  return different.length === 1 ? (different[0] as string) : `[${different.join(', ')}]`;
}
