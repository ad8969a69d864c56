import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { qosClass } from '../../../src/kubelet/sandbox/qos.ts';
import type { Container, Pod } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';

type Resources = NonNullable<Container['resources']>;

const FULL: Resources = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } };

function pod(resources: Resources[], init: Resources[] = [], whole?: Resources): Pod {
  return revision({
    containers: resources.map((one, index) => container({ name: `c${index}`, resources: one })),
    initContainers: init.map((one, index) => container({ name: `i${index}`, resources: one })),
    ...(whole && { resources: whole }),
  }).pod;
}

const cases: [string, Pod, string][] = [
  ['nothing asked is BestEffort', pod([{}]), 'BestEffort'],
  ['zero amounts count as nothing', pod([{ requests: { cpu: '0' }, limits: { memory: '0' } }]), 'BestEffort'],
  ['other resources count as nothing', pod([{ limits: { 'ephemeral-storage': '1Gi' } }]), 'BestEffort'],
  ['one request is Burstable', pod([{ requests: { cpu: '1m' } }]), 'Burstable'],
  ['limits of cpu and memory equal to requests are Guaranteed', pod([FULL]), 'Guaranteed'],
  [
    'equal amounts in other words are Guaranteed',
    pod([{ requests: { cpu: '1000m', memory: '1024Mi' }, limits: { cpu: '1', memory: '1Gi' } }]),
    'Guaranteed',
  ],
  ['memory alone is Burstable', pod([{ requests: { memory: '1Gi' }, limits: { memory: '1Gi' } }]), 'Burstable'],
  [
    'a request below the limit is Burstable',
    pod([{ requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } }]),
    'Burstable',
  ],
  ['one container without limits makes it Burstable', pod([FULL, {}]), 'Burstable'],
  ['an init container without limits makes it Burstable', pod([FULL], [{}]), 'Burstable'],
  ['init containers count like others', pod([FULL], [FULL]), 'Guaranteed'],
  ['resources of the whole Pod decide alone', pod([{}], [], FULL), 'Guaranteed'],
  [
    'resources of the whole Pod decide against its containers',
    pod([FULL], [], { requests: { cpu: '2' } }),
    'Burstable',
  ],
];

for (const [name, given, expected] of cases) test(name, () => assert.equal(qosClass(given), expected));

interface Recorded {
  name: string;
  containers: Pick<Container, 'name' | 'resources'>[];
  initContainers: Pick<Container, 'name' | 'resources'>[];
  qosClass: string;
}

const recorded = JSON.parse(readFileSync(new URL('recorded-qos.json', import.meta.url), 'utf8')) as Recorded[];

test('every class that a kubelet reported is the same here', () => {
  assert.deepEqual([...new Set(recorded.map((one) => one.qosClass))].sort(), ['BestEffort', 'Burstable', 'Guaranteed']);
  for (const one of recorded) {
    const { pod } = revision({
      containers: one.containers.map((given) => container(given)),
      initContainers: one.initContainers.map((given) => container(given)),
    });
    assert.equal(qosClass(pod), one.qosClass, one.name);
  }
});
