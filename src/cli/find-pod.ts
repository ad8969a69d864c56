import type { Explanation, PodExplanation } from '../http/explain.ts';

/** By its full name, or by the name in its manifest, which lacks the name of the node. */
export function findPod({ pods, node }: Explanation, namespace: string, name: string): PodExplanation | undefined {
  const wanted = name.replace(/^pods?\//, '');
  const named = (full: string) => pods.find((pod) => pod.namespace === namespace && pod.name === full);
  return named(wanted) ?? named(`${wanted}-${node}`);
}
