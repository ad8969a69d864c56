/** Annotations that limit a Pod's traffic, as runtimes read them (pkg/util/bandwidth/utils.go). */
import type { PodManifest } from '../../types.ts';
import { invalid, type Path, type Problems } from '../problems.ts';
import { parseQuantity, QUANTITY_ERROR } from '../quantity.ts';

/** Bits per second, as quantities. */
const ANNOTATIONS = ['kubernetes.io/ingress-bandwidth', 'kubernetes.io/egress-bandwidth'];
const NANO_PER_UNIT = 10n ** 9n;
const LEAST = 1000n * NANO_PER_UNIT;
const MOST = 10n ** 15n * NANO_PER_UNIT;

/** Kubernetes leaves this to the runtime, which then fails every start of the sandbox. */
export function checkBandwidth(pod: PodManifest, path: Path, problems: Problems): void {
  for (const name of ANNOTATIONS) {
    const text = pod.metadata?.annotations?.[name];
    if (text === undefined) continue;
    const at = [...path, 'metadata', 'annotations', { key: name }];
    const bits = parseQuantity(text);
    if (bits === undefined) problems.error(at, invalid(text, `${QUANTITY_ERROR}; write bits per second, such as 10M`));
    else if (bits < LEAST) problems.error(at, invalid(text, 'resource is unreasonably small (< 1kbit)'));
    else if (bits > MOST) problems.error(at, invalid(text, 'resource is unreasonably large (> 1Pbit)'));
    else if (pod.spec?.hostNetwork)
      problems.warn(at, "ignored: the traffic of the machine's own network is not shaped");
  }
}
