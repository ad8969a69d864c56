import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { admit, type Candidate } from '../../../src/kubelet/plan/admission.ts';
import { add, lackOf, nodeRoom, podRequests, subtract } from '../../../src/kubelet/plan/room.ts';
import { type PodSpec, podKey, type Revision } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';
import { node } from '../node.ts';

const GI = 1024 ** 3;
const ROOM = new Map([
  ['cpu', 2000],
  ['memory', 4 * GI],
  ['ephemeral-storage', 10 * GI],
  ['hugepages-2Mi', GI],
]);

type List = Record<string, string>;

function pod(name: string, requests: List, more: Partial<PodSpec> = {}): Revision {
  const made = revision({ containers: [container({ resources: { requests } })], ...more }, name);
  return { ...made, key: podKey('default', name) };
}

function verdicts(wanted: [Revision, Candidate['place']?][], leaving: Revision[] = []): string[] {
  const candidates = wanted.map(([one, place = 'new']) => ({ revision: one, place }));
  return [...admit({ wanted: candidates, leaving, maxPods: 110, room: ROOM })].sort().map(([key, admission]) => {
    const { verdict } = admission;
    return `${key} ${verdict}${verdict === 'admit' ? '' : ` ${admission.reason}: ${admission.message}`}`;
  });
}

const rejected = (name: string, resource: string, numbers: string) =>
  `default/${name} reject OutOf${resource}: Pod was rejected: Node didn't have enough resource: ${resource}, ${numbers}`;

describe('room for Pods', () => {
  const alone: [string, List, string | undefined][] = [
    ['nothing', {}, undefined],
    ['all there is', { cpu: '2', memory: '4Gi', 'ephemeral-storage': '10Gi', 'hugepages-2Mi': '1Gi' }, undefined],
    ['a millicore too much', { cpu: '2001m' }, rejected('a', 'cpu', 'requested: 2001, used: 0, capacity: 2000')],
    [
      'a byte too much',
      { memory: '4294967297' },
      rejected('a', 'memory', 'requested: 4294967297, used: 0, capacity: 4294967296'),
    ],
    [
      'too much storage',
      { 'ephemeral-storage': '11Gi' },
      rejected('a', 'ephemeral-storage', 'requested: 11811160064, used: 0, capacity: 10737418240'),
    ],
    [
      'pages of a size that is not there',
      { cpu: '1', 'hugepages-1Gi': '1Gi' },
      rejected('a', 'hugepages-1Gi', 'requested: 1073741824, used: 0, capacity: 0'),
    ],
    [
      'cpu is named first',
      { cpu: '3', memory: '5Gi' },
      rejected('a', 'cpu', 'requested: 3000, used: 0, capacity: 2000'),
    ],
  ];
  for (const [name, requests, refusal] of alone) {
    it(`a Pod that asks for ${name} ${refusal ? 'is rejected' : 'runs'}`, () => {
      assert.deepEqual(verdicts([[pod('a', requests)]]), [refusal ?? 'default/a admit']);
    });
  }

  it('the order of the files decides, and a smaller one behind still gets its place', () => {
    assert.deepEqual(verdicts([[pod('a', { cpu: '1500m' })], [pod('b', { cpu: '1' })], [pod('c', { cpu: '500m' })]]), [
      'default/a admit',
      rejected('b', 'cpu', 'requested: 1000, used: 1500, capacity: 2000'),
      'default/c admit',
    ]);
  });
  it('who stands keeps its place, whatever comes before it, and even when there is too little for all', () => {
    assert.deepEqual(
      verdicts([
        [pod('a', { cpu: '1' }, { priorityClassName: 'system-node-critical' })],
        [pod('b', { cpu: '2' }), 'stands'],
        [pod('c', { cpu: '2' }), 'stands'],
      ]),
      [rejected('a', 'cpu', 'requested: 1000, used: 4000, capacity: 2000'), 'default/b admit', 'default/c admit'],
    );
  });
  it('an edited Pod comes before one that is new', () => {
    assert.deepEqual(verdicts([[pod('a', { cpu: '1500m' })], [pod('b', { cpu: '1' }), 'replaces']]), [
      rejected('a', 'cpu', 'requested: 1500, used: 1000, capacity: 2000'),
      'default/b admit',
    ]);
  });
  it('what a Pod on its way out still holds is waited for', () => {
    assert.deepEqual(verdicts([[pod('a', { cpu: '1500m' })]], [pod('old', { cpu: '1' })]), [
      'default/a wait ResourcesBusy: cpu is still held by default/old, which is stopping',
    ]);
    const leaving = [pod('x', { cpu: '1' }), pod('y', { cpu: '500m' }), pod('z', { memory: '1Gi' })];
    assert.deepEqual(verdicts([[pod('a', { cpu: '1500m' })]], leaving), [
      'default/a wait ResourcesBusy: cpu is still held by default/x, default/y, which are stopping',
    ]);
    assert.deepEqual(verdicts([[pod('a', { cpu: '1500m' })]], [pod('a', { cpu: '1' })]), ['default/a admit']);
  });
  it('a Pod that asks for nothing fits a machine that is full', () => {
    assert.deepEqual(verdicts([[pod('a', {})], [pod('b', { cpu: '2' }), 'stands']]), [
      'default/a admit',
      'default/b admit',
    ]);
  });
});

describe('what a Pod requests', () => {
  const amounts = (requests: List, more: Partial<PodSpec> = {}) =>
    Object.fromEntries(podRequests(pod('a', requests, more).pod));
  it('is the sum of its containers, with its overhead', () => {
    const second = container({ name: 'b', resources: { requests: { cpu: '100m', 'hugepages-2Mi': '2Mi' } } });
    const spec = { containers: [container({ resources: { requests: { cpu: '1' } } }), second] };
    assert.deepEqual(amounts({}, { ...spec, overhead: { cpu: '50m', memory: '1Mi' } }), {
      cpu: 1150,
      memory: 2 ** 20,
      'ephemeral-storage': 0,
      'hugepages-2Mi': 2 * 2 ** 20,
    });
  });
  it('is that of the Pod as a whole where it says so', () => {
    assert.deepEqual(amounts({ cpu: '1', memory: '1Gi' }, { resources: { requests: { cpu: '3' } } }), {
      cpu: 3000,
      memory: GI,
      'ephemeral-storage': 0,
    });
  });
});

describe('amounts', () => {
  it('are added and taken away by name', () => {
    const a = new Map([['cpu', 1]]);
    const b = new Map([
      ['cpu', 2],
      ['memory', 3],
    ]);
    assert.deepEqual(
      [...add(a, b)],
      [...b].map(([name, amount]) => [name, amount + (a.get(name) ?? 0)]),
    );
    assert.deepEqual(
      [...subtract(add(a, b), b)],
      [
        ['cpu', 1],
        ['memory', 0],
      ],
    );
  });
  it('of a machine are what is left for Pods', () => {
    const allocatable = { cpuMillis: 1, memoryBytes: 2, ephemeralStorageBytes: 3, hugePages: { 'hugepages-2Mi': 4 } };
    assert.deepEqual(Object.fromEntries(nodeRoom(node({ allocatable }))), {
      cpu: 1,
      memory: 2,
      'ephemeral-storage': 3,
      'hugepages-2Mi': 4,
    });
    assert.deepEqual([...nodeRoom(node()).keys()], ['cpu', 'memory']);
  });
  it('of a resource that nobody measured are not missed', () => {
    assert.equal(lackOf(new Map([['ephemeral-storage', 5]]), new Map(), new Map()), undefined);
  });
});

describe('a Pod whose manifest asks for other amounts', () => {
  const resized = (now: List, wanted: List, place: Candidate['place'], more: Partial<Candidate> = {}) => {
    const running = pod('a', now).pod;
    const other = { revision: pod('other', { cpu: '1' }), place: 'stands' as const };
    const one = { revision: pod('a', wanted), place, running, ...more };
    const verdict = admit({ wanted: [one, other], leaving: [], maxPods: 110, room: ROOM }).get(podKey('default', 'a'));
    if (verdict?.verdict !== 'admit') return `${verdict?.verdict} ${verdict?.reason}`;
    const given = verdict.allocated?.spec.containers[0]?.resources?.requests?.cpu ?? 'its own';
    return `${given}${verdict.pending ? ` ${verdict.pending.reason}` : ''}`;
  };
  const rows: [string, string][] = [
    [resized({ cpu: '500m' }, { cpu: '1' }, 'stands'), 'its own'],
    [resized({ cpu: '500m' }, { cpu: '1500m' }, 'stands'), '500m Deferred'],
    [resized({ cpu: '500m' }, { cpu: '3' }, 'stands'), '500m Infeasible'],
    [resized({ cpu: '500m' }, { cpu: '100m' }, 'stands', { held: true }), '500m'],
    [resized({ cpu: '500m' }, { cpu: '1' }, 'new'), 'its own'],
    [resized({ cpu: '500m' }, { cpu: '3' }, 'new'), '500m Infeasible'],
    [resized({ cpu: '1500m' }, { cpu: '3' }, 'new'), 'reject OutOfcpu'],
  ];
  const names = [
    'gets them when there is room',
    'keeps what it has as long as others have the rest',
    'keeps what it has on a machine that is too small',
    'keeps what it has while its manifest cannot be read',
    'gets them when it has to start again',
    'starts again with what it had when the machine is too small',
    'is rejected when even that does not fit any more',
  ];
  rows.forEach(([found, expected], index) => {
    it(names[index] as string, () => assert.equal(found, expected));
  });

  it('waits for what a Pod on its way out still holds', () => {
    const one = { revision: pod('a', { cpu: '2' }), place: 'stands' as const, running: pod('a', { cpu: '1' }).pod };
    const pending = (leaving: Revision[]) => {
      const verdict = admit({ wanted: [one], leaving, maxPods: 110, room: ROOM }).get(podKey('default', 'a'));
      return verdict?.verdict === 'admit' ? verdict.pending?.reason : verdict?.verdict;
    };
    assert.equal(pending([pod('old', { cpu: '500m' })]), 'Deferred');
    assert.equal(pending([pod('a', { cpu: '500m' })]), undefined);
  });

  it('comes before a Pod that is new', () => {
    const one = { revision: pod('b', { cpu: '2' }), place: 'stands' as const, running: pod('b', { cpu: '1' }).pod };
    const next = { revision: pod('a', { cpu: '1' }), place: 'new' as const };
    const verdicts = admit({ wanted: [next, one], leaving: [], maxPods: 110, room: ROOM });
    assert.equal(verdicts.get(podKey('default', 'a'))?.verdict, 'reject');
    assert.deepEqual(verdicts.get(podKey('default', 'b')), { verdict: 'admit' });
  });
});
