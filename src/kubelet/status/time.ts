/** An instant as Kubernetes writes it: RFC 3339, whole seconds, UTC (apimachinery metav1.Time). */
export function kubeTime(atMs: number): string {
  return `${new Date(Math.floor(atMs / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}
