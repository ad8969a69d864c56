import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { configChange } from '../../src/config/reload.ts';

function load(lines: string[], flags: Record<string, string[]> = {}) {
  const text = ['apiVersion: kubelet.config.k8s.io/v1beta1', 'kind: KubeletConfiguration', ...lines].join('\n');
  return loadConfig({
    flags: new Map(Object.entries({ config: ['/c.yaml'], ...flags })),
    readFile: () => Buffer.from(text),
    workingDirectory: '/',
    hostname: 'n1',
  }).config;
}

test('what can change now is told with both values, the rest waits for a start', () => {
  const before = load(['maxPods: 5', 'port: 1']);
  const after = load(['maxPods: 6', 'port: 2', 'admission:', '  allowedHostPaths: [/srv]']);
  assert.deepEqual(configChange(before, after), {
    now: { maxPods: 6, allowedHostPaths: ['/srv'] },
    shown: { maxPods: { before: '5', now: '6' }, 'admission.allowedHostPaths': { before: '/', now: '/srv' } },
    later: ['port'],
  });
});

test('a line that was taken out gives the default back; the same file changes nothing; flags win', () => {
  assert.deepEqual(configChange(load(['maxPods: 5']), load([])).now, { maxPods: 110 });
  assert.deepEqual(configChange(load(['maxPods: 5']), load(['maxPods: 5'])), { now: {}, shown: {}, later: [] });
  const flags = { v: ['1'], 'hostname-override': ['a'] };
  assert.deepEqual(configChange(load([], flags), load(['logging:', '  verbosity: 0'], flags)).now, {});
});
