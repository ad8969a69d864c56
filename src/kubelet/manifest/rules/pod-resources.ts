/** Resources of the Pod as a whole (validatePodResources, validatePodResourceConsistency). */
import { aggregate } from '../aggregate.ts';
import { invalid, type Path, type Problems, unsupported } from '../problems.ts';
import { parseQuantity } from '../quantity.ts';
import type { PodSpecManifest } from './containers.ts';
import { amounts, checkResources, isHugePages } from './resources.ts';

const SUPPORTED = ['cpu', 'hugepages-', 'memory'];

export function checkPodResources(spec: PodSpecManifest, path: Path, problems: Problems): void {
  const { resources } = spec;
  if (!resources) return;
  checkResources(resources, path, problems, checkPodResource);
  const requests = amounts(resources.requests);
  for (const [name, sum] of aggregate(spec, 'requests')) {
    const request = requests.get(name);
    if (request === undefined || request >= (parseQuantity(sum) ?? 0n)) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${sum}`;
    problems.error([...path, 'requests', { key: name }], invalid(resources.requests?.[name], detail));
  }
  const limits = amounts(resources.limits);
  for (const [name, sum] of aggregate(spec, 'limits')) {
    const limit = limits.get(name);
    if (!isHugePages(name) || limit === undefined || limit >= (parseQuantity(sum) ?? 0n)) continue;
    const detail = `must be greater than or equal to aggregate container limits of ${sum}`;
    problems.error([...path, 'limits', { key: name }], invalid(resources.limits?.[name], detail));
  }
  (spec.containers ?? []).forEach((container, index) => {
    for (const [name, limit] of amounts(container.resources?.limits)) {
      const ofPod = limits.get(name);
      if (ofPod === undefined || limit <= ofPod) continue;
      const detail = `must be less than or equal to pod limits of ${resources.limits?.[name]}`;
      const at = [...path.slice(0, -1), 'containers', index, 'resources', 'limits', { key: name }];
      problems.error(at, invalid(container.resources?.limits?.[name], detail));
    }
  });
}

function checkPodResource(name: string, path: Path, problems: Problems): void {
  if (name !== 'cpu' && name !== 'memory' && !isHugePages(name)) problems.error(path, unsupported(name, SUPPORTED));
}
