import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aggregate } from '../../../src/kubelet/manifest/aggregate.ts';
import { container } from '../build.ts';

const asking = (name: string, requests: Record<string, string>, more: object = {}) =>
  container({ name, resources: { requests }, ...more });

test('containers and sidecars run together', () => {
  const spec = {
    containers: [asking('a', { cpu: '1', memory: '1Gi' }), asking('b', { cpu: '500m', memory: '512Mi' })],
    initContainers: [asking('s', { cpu: '100m' }, { restartPolicy: 'Always' }), asking('i', { cpu: '200m' })],
  };
  assert.deepEqual(Object.fromEntries(aggregate(spec, 'requests')), { cpu: '1600m', memory: '1536Mi' });
});

test('an init container may need more than all that come after it', () => {
  const spec = {
    containers: [asking('a', { cpu: '1' })],
    initContainers: [asking('s', { cpu: '100m' }, { restartPolicy: 'Always' }), asking('i', { cpu: '2' })],
  };
  assert.deepEqual(Object.fromEntries(aggregate(spec, 'requests')), { cpu: '2100m' });
});

test('a limit without a request requests the limit; limits are only what is written', () => {
  const spec = { containers: [container({ resources: { limits: { cpu: '2' }, requests: { memory: '1Mi' } } })] };
  assert.deepEqual(Object.fromEntries(aggregate(spec, 'requests')), { cpu: '2', memory: '1Mi' });
  assert.deepEqual(Object.fromEntries(aggregate(spec, 'limits')), { cpu: '2' });
});
