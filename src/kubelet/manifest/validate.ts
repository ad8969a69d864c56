/**
 * Create-validation of a defaulted Pod, as the kubelet runs it on static Pods (pkg/apis/core/validation/validation.go
 * ValidatePodCreate). All problems at once. To add a rule: find its area in `rules/`.
 */
import type { PodManifest } from '../types.ts';
import type { Path, Problems } from './problems.ts';
import { checkBandwidth } from './rules/bandwidth.ts';
import { checkContainers } from './rules/containers.ts';
import { checkNotYet } from './rules/not-yet.ts';
import { checkMetadata, checkPodFields } from './rules/pod.ts';
import { checkAppArmorAnnotations, checkPodSecurity } from './rules/security.ts';
import { checkVolumes } from './rules/volumes.ts';
import { warnOfPod } from './rules/warnings.ts';

/** `pod` has the right types and its defaults; `name` is its name on this machine; `path` is that of the document. */
export function validatePod(pod: PodManifest, name: string, path: Path, problems: Problems): void {
  checkMetadata(pod.metadata, name, [...path, 'metadata'], problems);
  checkSpec(pod, path, problems);
}

/** The same for a Pod made of a template: its name and namespace stand in the object, the rest in the template. */
export function validateTemplate(
  pod: PodManifest,
  name: string,
  at: { object: Path; template: Path },
  problems: Problems,
): void {
  const { name: given, namespace, labels, annotations } = pod.metadata ?? {};
  const named = { ...(given !== undefined && { name: given }), ...(namespace !== undefined && { namespace }) };
  checkMetadata(named, name, [...at.object, 'metadata'], problems);
  const rest = { name, ...(labels && { labels }), ...(annotations && { annotations }) };
  checkMetadata(rest, 'template', [...at.template, 'metadata'], problems);
  checkSpec(pod, at.template, problems);
}

function checkSpec(pod: PodManifest, path: Path, problems: Problems): void {
  // Absent lists are treated as empty throughout: an absent spec is one without containers.
  const spec = pod.spec ?? { containers: [] };
  const at = [...path, 'spec'];
  checkVolumes(spec, at, problems);
  checkContainers(spec, at, problems);
  checkPodFields(spec, at, problems);
  checkPodSecurity(spec, at, problems);
  checkBandwidth(pod, path, problems);
  checkAppArmorAnnotations(pod, path, problems);
  checkNotYet(spec, at, problems);
  warnOfPod(pod, path, problems);
}
