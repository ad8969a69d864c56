import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configz } from '../../src/config/configz.ts';
import { readConfigFile } from '../../src/config/file.ts';
import { loadConfig } from '../../src/config/load.ts';

const load = (flags: Record<string, string[]>) =>
  loadConfig({
    flags: new Map(Object.entries(flags)),
    readFile: () => Buffer.from(''),
    workingDirectory: '/',
    hostname: 'n1',
  }).config;

test('the settings are told as a KubeletConfiguration that can be read again', () => {
  const config = load({ 'pod-manifest-path': ['/etc/p'] });
  const told = configz(config);
  const document = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', ...told };
  const { values } = readConfigFile('x.json', Buffer.from(JSON.stringify(document)));
  for (const [key, value] of Object.entries(values)) {
    if (key !== 'containerRuntimeEndpoints') assert.deepEqual(value, config[key as keyof typeof config], key);
  }
  assert.equal(values.podManifestPath, '/etc/p');
});

test('no password, token or header is told', () => {
  const told = configz(
    load({
      'manifest-url': ['https://user:hunter2@example.com/pods?token=hunter2'],
      'manifest-url-header': ['X-Token:hunter2'],
    }),
  );
  assert.ok(!JSON.stringify(told).includes('hunter2'));
  assert.ok(JSON.stringify(told).includes('example.com/pods'));
});
