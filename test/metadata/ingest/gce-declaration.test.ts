import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ingest, problemText } from '../../../src/metadata/ingest/ingest.ts';

function take(text: string) {
  return ingest(Buffer.from(text), { provider: 'gce', nodeName: 'node', manifestDirectory: '/etc/pods' });
}

function podOf(text: string) {
  const { files, problems } = take(text);
  assert.deepEqual(problems.filter(({ severity }) => severity === 'error').map(problemText), []);
  return JSON.parse((files[0]?.text ?? '').replace(/^---\n/, ''));
}

test('a declaration as gcloud writes it becomes a Pod on the host network', () => {
  const pod = podOf(`# DISCLAIMER:
# This container declaration format is not a public API.
spec:
  containers:
  - name: Instance_1
    image: 'gcr.io/p/app:1'
    command: ['/bin/app']
    args: [-v, 5]
    env: [{name: PORT, value: 8080}]
    volumeMounts: [{name: host-path-0, mountPath: /data, readOnly: false}, {name: tmpfs-0, mountPath: /tmp, readOnly: true}]
    securityContext: {privileged: true}
    stdin: true
    tty: false
  volumes:
  - {name: host-path-0, hostPath: {path: /srv}}
  - {name: tmpfs-0, emptyDir: {medium: Memory}}
  restartPolicy: OnFailure
`);
  assert.deepEqual(pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'instance-1', labels: { 'rower.dev/source': 'gce-container-declaration' } },
    spec: {
      hostNetwork: true,
      restartPolicy: 'OnFailure',
      containers: [
        {
          name: 'instance-1',
          image: 'gcr.io/p/app:1',
          command: ['/bin/app'],
          args: ['-v', '5'],
          env: [{ name: 'PORT', value: '8080' }],
          volumeMounts: [
            { name: 'host-path-0', mountPath: '/data' },
            { name: 'tmpfs-0', mountPath: '/tmp', readOnly: true },
          ],
          securityContext: { privileged: true },
          stdin: true,
          imagePullPolicy: 'Always',
        },
      ],
      volumes: [
        { name: 'host-path-0', hostPath: { path: '/srv', type: 'DirectoryOrCreate' } },
        { name: 'tmpfs-0', emptyDir: { medium: 'Memory' } },
      ],
    },
  });
});

for (const [given, taken] of [
  ['Always', 'Always'],
  ['Never', 'Never'],
  ['UnlessStopped', 'Always'],
  ['No', 'Never'],
  ['null', 'Always'],
]) {
  test(`restartPolicy ${given} is taken as ${taken}, with a warning when the word changes`, () => {
    const text = `spec:\n  containers: [{name: a, image: b}]\n  restartPolicy: ${given}\n`;
    assert.equal(podOf(text).spec.restartPolicy, taken);
    assert.equal(take(text).problems.length, given === taken || given === 'null' ? 0 : 1);
  });
}

test('a second container stays beside the first', () => {
  const { spec } = podOf('spec: {containers: [{name: a, image: b}, {name: c, image: d}]}');
  assert.deepEqual(
    spec.containers.map((one: { name: string }) => one.name),
    ['a', 'c'],
  );
});

const WRONG: [string, RegExp][] = [
  ['spec: {containers: []}', /has no container/],
  ['spec: {containers: [{name: a, image: b}], restartPolicy: Sometimes}', /"Sometimes" is none of Always/],
  ['spec: {containers: [{name: a, image: b}], volumes: [{name: v}]}', /spec\.volumes\[0\] must have exactly one of/],
  [
    'spec: {containers: [{name: a, image: b}], volumes: [{name: v, gcePersistentDisk: {pdName: d}}]}',
    /mount it on the host/,
  ],
  ['spec: {containers: [{name: a}]}', /spec\.containers\[0\]\.image/],
  ['spec: {containers: [{name: a, image: b, volumeMounts: [{name: x, mountPath: /x}]}]}', /volumeMounts\[0\]\.name/],
];

for (const [text, message] of WRONG) {
  test(`${text} is refused`, () => {
    const { outcome, problems } = take(text);
    assert.equal(outcome, 'refused');
    assert.match(problems.map(problemText).join('\n'), message);
  });
}
