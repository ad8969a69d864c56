import type { Pod, PodKey, Revision } from '../types.ts';

export type Admission =
  | { readonly verdict: 'admit' }
  /** Not now: something that is on its way out still has what this Pod needs. */
  | { readonly verdict: 'wait'; readonly message: string }
  /** As the kubelet rejects, but judged anew every round: it runs as soon as there is room. */
  | { readonly verdict: 'reject'; readonly reason: string; readonly message: string };

export interface AdmissionInput {
  /** Wanted Pods that are not finished, in the order of their files. */
  readonly wanted: readonly {
    readonly revision: Revision;
    /** A sandbox of this revision is up or being made: it has its ports already. */
    readonly incumbent: boolean;
  }[];
  /** Revisions on their way out whose sandbox still stands. */
  readonly leaving: readonly Revision[];
  readonly maxPods: number;
}

/**
 * Who may run: host ports are taken once per (protocol, address, port), incumbents first, then by the order of files.
 * (pkg/kubelet/lifecycle/predicate.go; scheduler framework nodeports.go for what conflicts) Pure.
 */
export function admit(input: AdmissionInput): ReadonlyMap<PodKey, Admission> {
  const verdicts = new Map<PodKey, Admission>();
  const taken: HostPort[] = [];
  let pods = 0;
  const ordered = [...input.wanted.filter((pod) => pod.incumbent), ...input.wanted.filter((pod) => !pod.incumbent)];
  for (const { revision, incumbent } of ordered) {
    const ports = hostPorts(revision.pod);
    if (!incumbent) {
      const refusal = refuse(revision, ports, taken, pods, input);
      if (refusal) {
        verdicts.set(revision.key, refusal);
        continue;
      }
    }
    taken.push(...ports);
    pods += 1;
    verdicts.set(revision.key, { verdict: 'admit' });
  }
  return verdicts;
}

function refuse(
  revision: Revision,
  ports: readonly HostPort[],
  taken: readonly HostPort[],
  pods: number,
  { leaving, maxPods }: AdmissionInput,
): Admission | undefined {
  if (pods >= maxPods)
    return reject(
      'OutOfpods',
      `Node didn't have enough resource: pods, requested: 1, used: ${pods}, capacity: ${maxPods}`,
    );
  if (ports.some((port) => taken.some((other) => conflict(port, other))))
    return reject(
      'NodePorts',
      "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    );
  for (const other of leaving) {
    if (other.key === revision.key) continue;
    const port = ports.find((wanted) => hostPorts(other.pod).some((held) => conflict(wanted, held)));
    if (port)
      return {
        verdict: 'wait',
        message: `host port ${port.port}/${port.protocol} is still held by ${other.key}, which is stopping`,
      };
  }
  return undefined;
}

const reject = (reason: string, message: string): Admission => ({
  verdict: 'reject',
  reason,
  message: `Pod was rejected: ${message}`,
});

interface HostPort {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
}

/** Host ports of regular containers; with hostNetwork every container port is one (defaulting made them equal). */
export function hostPorts(pod: Pod): HostPort[] {
  return pod.spec.containers.flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => port.hostPort)
      .map((port) => ({ protocol: port.protocol, ip: anyAddress(port.hostIP), port: port.hostPort as number })),
  );
}

const anyAddress = (ip: string | undefined) => (!ip || ip === '0.0.0.0' || ip === '::' ? '' : ip);

function conflict(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '' || b.ip === '');
}
