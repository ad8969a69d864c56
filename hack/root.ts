import { fileURLToPath } from 'node:url';

/** The project's directory, without a slash at the end. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
