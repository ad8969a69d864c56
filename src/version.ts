/** Version of this program; the same as in package.json. */
export const VERSION = '0.1.0';

/** The Kubernetes API level that the endpoint speaks: kubectl derives its version-skew warning from the minor. */
export const KUBERNETES_MINOR = '32';
export const GIT_VERSION = `v1.${KUBERNETES_MINOR}.0+rower.${VERSION}`;
