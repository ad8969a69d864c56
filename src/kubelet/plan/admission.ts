import type { Pod, PodKey, Revision } from '../types.ts';
import { withAmountsOf } from './allocated.ts';
import { conflict, type HostPort, hostPorts } from './host-ports.ts';
import { type ResizePending, resizePending } from './resize-room.ts';
import { type Amounts, add, type Lack, lackOf, podRequests, subtract } from './room.ts';

export type Admission =
  | {
      readonly verdict: 'admit';
      /** The Pod with the amounts it has been given; absent: those of its manifest. */
      readonly allocated?: Pod;
      /** Why it does not get the amounts of its manifest now. */
      readonly pending?: ResizePending;
    }
  /** Not now: something that is on its way out still has what this Pod needs. */
  | { readonly verdict: 'wait'; readonly reason: 'HostPortBusy' | 'ResourcesBusy'; readonly message: string }
  | Refusal;

/** As the kubelet rejects, but judged anew every round: it runs as soon as there is room. */
export interface Refusal {
  readonly verdict: 'reject';
  readonly reason: string;
  readonly message: string;
  /** Not for want of room: what runs of it already stays, and nothing of it is started any more. */
  readonly forbidden?: true;
}

export interface Candidate {
  readonly revision: Revision;
  /**
   * `stands`: a sandbox of this revision is up or being made, so it has its ports and its share of the machine already.
   * `replaces`: a former revision of the same slot stands and makes room for it.
   */
  readonly place: 'stands' | 'replaces' | 'new';
  /** With the amounts it has, or had when it ran last; absent: those of its manifest. */
  readonly running?: Pod | undefined;
  /** Its manifest cannot be read now: what it has stays as it is. */
  readonly held?: boolean;
}

export interface AdmissionInput {
  /** Wanted Pods that are not finished, in the order of their files. */
  readonly wanted: readonly Candidate[];
  /** Revisions on their way out whose sandbox still stands. */
  readonly leaving: readonly Revision[];
  readonly maxPods: number;
  /** What the machine has for Pods. */
  readonly room: Amounts;
}

/** What those who are admitted have taken. */
interface Taken {
  readonly ports: HostPort[];
  pods: number;
  amounts: Amounts;
}

const PLACES: readonly Candidate['place'][] = ['stands', 'replaces', 'new'];

/**
 * Who may run: host ports are taken once per (protocol, address, port), and requests must fit into the machine. Who
 * stands keeps its place, whatever a new Pod is or wants; then those who grow, then the others by the order of files.
 * (pkg/kubelet/lifecycle/predicate.go; scheduler framework nodeports.go and noderesources/fit.go) Pure.
 */
export function admit(input: AdmissionInput): ReadonlyMap<PodKey, Admission> {
  const verdicts = new Map<PodKey, Admission>();
  const taken: Taken = { ports: [], pods: 0, amounts: new Map() };
  const take = ({ revision, running }: Candidate) => {
    taken.ports.push(...hostPorts(revision.pod));
    taken.pods += 1;
    taken.amounts = add(taken.amounts, podRequests(running ?? revision.pod));
    verdicts.set(revision.key, { verdict: 'admit' });
  };
  const [standing = [], ...others] = PLACES.map((place) => input.wanted.filter((one) => one.place === place));
  for (const candidate of standing) take(candidate);
  for (const candidate of standing) verdicts.set(candidate.revision.key, resize(candidate, taken, input));
  for (const candidate of others.flat()) {
    const { revision } = candidate;
    const refusal = refuse(revision.key, revision.pod, taken, input);
    const former = refusal && asBefore(candidate, taken, input);
    if (!refusal || former) take({ revision, place: 'stands', running: former?.allocated });
    if (refusal) verdicts.set(revision.key, former ?? refusal);
  }
  return verdicts;
}

/** What ran before with less, and has to start again, does so even when what its manifest asks for now does not fit. */
function asBefore(candidate: Candidate, taken: Taken, input: AdmissionInput) {
  const { revision, running } = candidate;
  if (!running) return undefined;
  const allocated = withAmountsOf(revision.pod, running);
  const pending = resizePending(podRequests(allocated), podRequests(revision.pod), taken.amounts, input.room);
  if (!pending || refuse(revision.key, allocated, taken, input)) return undefined;
  return { verdict: 'admit' as const, allocated, pending };
}

/** Gives a Pod that stands the amounts of its manifest when there is room for what grows. */
function resize({ revision, running, held }: Candidate, taken: Taken, { leaving, room }: AdmissionInput): Admission {
  if (!running) return { verdict: 'admit' };
  const allocated = withAmountsOf(revision.pod, running);
  if (held) return { verdict: 'admit', allocated };
  const before = podRequests(running);
  const wanted = podRequests(revision.pod);
  const others = subtract(taken.amounts, before);
  const stopping = leaving.filter(({ key }) => key !== revision.key).map(({ pod }) => podRequests(pod));
  const pending = resizePending(before, wanted, stopping.reduce(add, others), room);
  if (pending) return { verdict: 'admit', allocated, pending };
  taken.amounts = add(others, wanted);
  return { verdict: 'admit' };
}

function refuse(key: PodKey, pod: Pod, taken: Taken, input: AdmissionInput): Admission | undefined {
  const { leaving, maxPods, room } = input;
  if (taken.pods >= maxPods)
    return reject('OutOfpods', lackText({ resource: 'pods', requested: 1, used: taken.pods, capacity: maxPods }));
  const requests = podRequests(pod);
  const lack = lackOf(requests, taken.amounts, room);
  if (lack) return reject(`OutOf${lack.resource}`, lackText(lack));
  const ports = hostPorts(pod);
  if (ports.some((port) => taken.ports.some((other) => conflict(port, other))))
    return reject(
      'NodePorts',
      "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    );
  const others = leaving.filter((other) => other.key !== key);
  return waitForPort(ports, others) ?? waitForRoom(requests, taken.amounts, others, room);
}

function waitForPort(ports: readonly HostPort[], leaving: readonly Revision[]): Admission | undefined {
  for (const other of leaving) {
    const port = ports.find((wanted) => hostPorts(other.pod).some((held) => conflict(wanted, held)));
    if (port)
      return {
        verdict: 'wait',
        reason: 'HostPortBusy',
        message: `host port ${port.port}/${port.protocol} is still held by ${other.key}, which is stopping`,
      };
  }
  return undefined;
}

function waitForRoom(
  requests: Amounts,
  taken: Amounts,
  leaving: readonly Revision[],
  room: Amounts,
): Admission | undefined {
  const held = leaving.map((other) => ({ key: other.key, amounts: podRequests(other.pod) }));
  const lack = lackOf(requests, held.map(({ amounts }) => amounts).reduce(add, taken), room);
  if (!lack) return undefined;
  const holders = held.filter(({ amounts }) => (amounts.get(lack.resource) ?? 0) > 0).map(({ key }) => key);
  const who = `${[...new Set(holders)].join(', ')}, which ${holders.length > 1 ? 'are' : 'is'} stopping`;
  return { verdict: 'wait', reason: 'ResourcesBusy', message: `${lack.resource} is still held by ${who}` };
}

const reject = (reason: string, message: string): Refusal => ({
  verdict: 'reject',
  reason,
  message: `Pod was rejected: ${message}`,
});

function lackText({ resource, requested, used, capacity }: Lack): string {
  return `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
}
