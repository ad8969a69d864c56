/** `rower version`. */
import process from 'node:process';
import { GIT_VERSION, VERSION } from '../version.ts';

/** One line: this program, the Kubernetes version its endpoint names, the runtime. */
export function versionLine(): string {
  return `rower ${VERSION} (Kubernetes ${GIT_VERSION}, Node ${process.version})\n`;
}
