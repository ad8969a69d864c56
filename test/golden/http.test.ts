/**
 * Whole answers of the status endpoint, kept in `http/`. After a change that is meant:
 *
 *     UPDATE_GOLDEN=1 node --test test/golden/http.test.ts
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { VERSION } from '../../src/version.ts';
import { AS_TABLE, call, serve, type TestEndpoint } from '../http/endpoint.ts';
import { podView, published, sampleMachine, samplePods } from '../http/fixture.ts';
import { sampleUsage, sampleVolumes } from '../http/usage.ts';

const FOLDER = new URL('http/', import.meta.url);
const AGGREGATED = {
  Accept:
    'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json',
};

const CASES: Record<string, [path: string, headers?: Record<string, string>]> = {
  paths: ['/'],
  'healthz-verbose': ['/healthz?verbose'],
  'readyz-verbose': ['/readyz?verbose'],
  version: ['/version'],
  'discovery-core': ['/api'],
  'discovery-groups': ['/apis'],
  'discovery-v1': ['/api/v1'],
  'discovery-core-aggregated': ['/api', AGGREGATED],
  'discovery-groups-aggregated': ['/apis', AGGREGATED],
  'kubelet-pods': ['/pods'],
  'pods-table': ['/api/v1/pods?limit=500', AS_TABLE],
  'pods-table-none': ['/api/v1/namespaces/kube-system/pods?includeObject=None', AS_TABLE],
  'pod-table-object': ['/api/v1/namespaces/default/pods/job-node-1?includeObject=Object', AS_TABLE],
  'pod-status': ['/api/v1/namespaces/default/pods/web-node-1/status'],
  node: ['/api/v1/nodes/node-1'],
  'nodes-table': ['/api/v1/nodes', AS_TABLE],
  namespaces: ['/api/v1/namespaces'],
  'namespaces-table': ['/api/v1/namespaces', AS_TABLE],
  events: ['/api/v1/namespaces/default/events'],
  'events-table': ['/api/v1/events', AS_TABLE],
  services: ['/api/v1/services'],
  problems: ['/rower/v1/problems'],
  'discovery-metrics': ['/apis/metrics.k8s.io/v1beta1'],
  'top-nodes': ['/apis/metrics.k8s.io/v1beta1/nodes'],
  'top-pods': ['/apis/metrics.k8s.io/v1beta1/pods'],
  'top-pods-selected': ['/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app%3Dweb'],
  'top-pod': ['/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/web-node-1'],
  'stats-summary': ['/stats/summary'],
  'stats-summary-short': ['/stats/summary?only_cpu_and_memory=true'],
  'metrics-resource': ['/metrics/resource'],
  'metrics-cadvisor': ['/metrics/cadvisor'],
  'metrics-state': ['/metrics/state'],
  'metrics-slis': ['/metrics/slis'],
  'metrics-claims': ['/metrics'],
  'proxied-summary': ['/api/v1/nodes/node-1/proxy/stats/summary?only_cpu_and_memory=true'],
  'prometheus-targets': ['/sd/prometheus'],
  lease: ['/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1'],
  'lease-of-another': ['/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-2'],
  'no-deployments': ['/apis/apps/v1/namespaces/default/deployments'],
  'no-ingresses': ['/apis/apps/v1/namespaces/default/ingresses'],
  'not-found': ['/api/v1/namespaces/default/pods/nope'],
};

/** Asks Prometheus to scrape it, and has what it needs and may use. */
const scraped = () => {
  const { spec } = podView('x').pod;
  const resources = { requests: { cpu: '250m', memory: '64Mi' }, limits: { memory: '1Gi', 'example.com/gpu': '1' } };
  const ports = [
    { containerPort: 9090, protocol: 'TCP' },
    { containerPort: 53, protocol: 'UDP' },
  ];
  return podView('scraped', {
    namespace: 'monitoring',
    annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/path': '/m' },
    labels: { 'app.kubernetes.io/name': 'scraped' },
    spec: { containers: spec.containers.map((container) => ({ ...container, ports, resources })) },
  });
};

let endpoint: TestEndpoint;
before(async () => {
  endpoint = await serve(published([...samplePods(), scraped()]), {
    stats: { read: async () => sampleUsage() },
    machine: sampleMachine,
    volumes: { read: async () => sampleVolumes(), claims: sampleVolumes },
  });
});
after(() => endpoint.close());

for (const [name, [path, headers = {}]] of Object.entries(CASES)) {
  test(`the answer to ${path} (${name}) is the one that is kept`, async () => {
    const { status, headers: answered, text } = await call(endpoint, path, { headers });
    const type = answered['content-type'] ?? '';
    const body = type.startsWith('application/json') ? `${JSON.stringify(JSON.parse(text), undefined, 2)}\n` : text;
    const asked = Object.entries(headers).map(([header, value]) => `${header}: ${value}\n`);
    const golden = `GET ${path}\n${asked.join('')}\n${status} ${type}\n${body.replaceAll(VERSION, 'VERSION')}`;
    const file = new URL(`${name}.txt`, FOLDER);
    if (process.env.UPDATE_GOLDEN) {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(file, golden);
    }
    assert.equal(golden, readFileSync(file, 'utf8'));
  });
}

test('no answer is kept that nothing asks for', () => {
  assert.deepEqual(
    readdirSync(FOLDER).sort(),
    Object.keys(CASES)
      .map((name) => `${name}.txt`)
      .sort(),
  );
});
