import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prometheusTargets } from '../../src/http/prometheus-targets.ts';
import type { ContainerPort } from '../../src/kubelet/types.ts';
import { containerStatus, podView, published, running } from './fixture.ts';

function targetsOf(annotations: Record<string, string>, ports: ContainerPort[], podIp = '10.88.0.5') {
  const { spec } = podView('x').pod;
  const view = podView('x', {
    annotations,
    spec: { containers: spec.containers.map((container) => ({ ...container, ports })) },
    status: running([containerStatus('main')], podIp),
  });
  const groups = JSON.parse(prometheusTargets(published([view])).body);
  return groups.map(({ targets, labels }: { targets: string[]; labels: Record<string, string> }) => {
    const { __scheme__: scheme, __metrics_path__: path, container } = labels;
    return [targets.join(), scheme, path, container];
  });
}

const http: ContainerPort = { containerPort: 80, protocol: 'TCP' };
const more: ContainerPort = { containerPort: 9100, protocol: 'TCP' };
const scrape = { 'prometheus.io/scrape': 'true' };

test('Pods are scraped that ask for it, where they say', () => {
  const cases: [string, Record<string, string>, ContainerPort[], (string | undefined)[][]][] = [
    ['nothing asked', {}, [http], []],
    ['asked not to', { 'prometheus.io/scrape': 'false' }, [http], []],
    ['no port to be found', scrape, [], []],
    [
      'every port that is declared',
      scrape,
      [http, more, { containerPort: 53, protocol: 'UDP' }],
      [
        ['10.88.0.5:80', 'http', '/metrics', 'main'],
        ['10.88.0.5:9100', 'http', '/metrics', 'main'],
      ],
    ],
    [
      'the port that is named',
      { ...scrape, 'prometheus.io/port': '9100', 'prometheus.io/path': '/m', 'prometheus.io/scheme': 'https' },
      [http, more],
      [['10.88.0.5:9100', 'https', '/m', 'main']],
    ],
    [
      'a port that nobody declares',
      { ...scrape, 'prometheus.io/port': '8080' },
      [http],
      [['10.88.0.5:8080', 'http', '/metrics', undefined]],
    ],
    ['a port that is none', { ...scrape, 'prometheus.io/port': 'web' }, [http], []],
  ];
  for (const [what, annotations, ports, expected] of cases) {
    assert.deepEqual(targetsOf(annotations, ports), expected, what);
  }
  assert.equal(targetsOf(scrape, [http], 'fd00::5')[0][0], '[fd00::5]:80');
});

test('what does not run is not scraped', () => {
  const view = podView('x', { annotations: scrape, status: { phase: 'Pending', podIP: '10.88.0.5' } });
  assert.equal(prometheusTargets(published([view])).body, '[]\n');
});
