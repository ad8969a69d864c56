import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REDACTED, redactPod, redactUrls } from '../../src/http/redact.ts';
import { SECRET, samplePods } from './fixture.ts';

const web = samplePods().find(({ pod }) => pod.metadata.name.startsWith('web'));
assert.ok(web);

test('no secret of a Pod gets through, and the Pod itself stays as it is', () => {
  const before = JSON.stringify(web.pod);
  const after = JSON.stringify(redactPod(web.pod));
  assert.ok(before.includes(SECRET));
  assert.ok(!after.includes(SECRET));
  assert.equal(JSON.stringify(web.pod), before);
});

test('every place that may hold a secret is marked, and all else is the same', () => {
  const { spec, metadata } = redactPod(web.pod);
  const [main] = spec.containers;
  assert.deepEqual(main?.env, [
    { name: 'PASSWORD', value: REDACTED },
    { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
  ]);
  const headers = [{ name: 'Authorization', value: REDACTED }];
  for (const handler of [main?.livenessProbe, main?.readinessProbe, main?.startupProbe]) {
    assert.deepEqual(handler?.httpGet?.httpHeaders, headers);
  }
  for (const handler of [main?.lifecycle?.postStart, main?.lifecycle?.preStop]) {
    assert.deepEqual(handler?.httpGet?.httpHeaders, headers);
    assert.equal(handler?.httpGet?.port, 80);
  }
  assert.deepEqual(spec.initContainers?.[0]?.env, [{ name: 'TOKEN', value: REDACTED }]);
  const applied = metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'] ?? '';
  assert.deepEqual(JSON.parse(applied), { manifest: REDACTED });
  assert.equal(metadata.annotations?.['kubernetes.io/config.source'], 'file');
  assert.deepEqual(main?.ports, web.pod.spec.containers[0]?.ports);
});

test('an empty value is hidden too: that it is empty is nobody’s business', () => {
  const [container] = web.pod.spec.containers;
  assert.ok(container);
  const pod = {
    ...web.pod,
    spec: { ...web.pod.spec, containers: [{ ...container, env: [{ name: 'A', value: '' }] }] },
  };
  assert.deepEqual(redactPod(pod).spec.containers[0]?.env, [{ name: 'A', value: REDACTED }]);
});

test('a URL keeps scheme, host and path only', () => {
  const cases: [string, string][] = [
    ['/etc/pods/a.yaml', '/etc/pods/a.yaml'],
    ['http://h/p', 'http://h/p'],
    ['https://user:pw@h:8443/p/q?token=x#y', 'https://h:8443/p/q'],
    ['http://h?token=x', 'http://h'],
    ['Get "http://h/p?t=x": refused by HTTPS://u@h/', 'Get "http://h/p": refused by HTTPS://h/'],
    ['http://h/p?t=x: broken', 'http://h/p: broken'],
  ];
  for (const [text, expected] of cases) assert.equal(redactUrls(text), expected);
});
