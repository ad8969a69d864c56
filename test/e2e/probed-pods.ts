/** How Pods with probes show themselves; for `until`. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Pod, PodCondition } from '../../src/kubelet/types.ts';
import { statusOf } from './agent.ts';

export function condition(pod: Pod | undefined, type: string): PodCondition | undefined {
  return pod?.status?.conditions?.find((each) => each.type === type);
}

export function ready(name: string) {
  return (pods: Pod[]) => {
    const { pod, container } = statusOf(pods, name);
    return (
      condition(pod, 'Ready')?.status === 'True' &&
      condition(pod, 'ContainersReady')?.status === 'True' &&
      container?.ready &&
      pod
    );
  };
}

export function unready(name: string) {
  return (pods: Pod[]) => {
    const { pod, container } = statusOf(pods, name);
    return condition(pod, 'Ready')?.status === 'False' && container?.state?.running && !container.ready && pod;
  };
}

/** Processes of this machine with these words as their command line. */
export function processes(...words: string[]): string[] {
  const commandOf = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandOf(name) === `${words.join('\0')}\0`);
}
