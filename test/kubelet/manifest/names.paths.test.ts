/** Nothing that a manifest names leads out of the directory that is made for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from './read.ts';

const LEADING_OUT = ['../x', '..', '.', 'a/../../x', '/etc', 'a/b', 'a\u0000b', '..\\x', 'a\nb', '%2e%2e', '～', ''];

type Make = (name: string) => object;
const pod = (spec: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', ...metadata },
  spec: { containers: [{ name: 'm', image: 'x' }], ...spec },
});
const volume = (source: object, name = 'v') => pod({ volumes: [{ name, ...source }] });

const PLACES: Readonly<Record<string, Make>> = {
  'a Pod': (name) => pod({}, { name }),
  'a namespace': (namespace) => pod({}, { namespace, ...(namespace === '' && { name: '' }) }),
  'a uid': (uid) => pod({}, { uid, ...(uid === '' && { name: '' }) }),
  'a container': (name) => pod({ containers: [{ name, image: 'x' }] }),
  'an init container': (name) => pod({ initContainers: [{ name, image: 'x' }] }),
  'a volume': (name) => volume({ emptyDir: {} }, name),
  'a ConfigMap': (name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }),
  'a Secret': (name) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name } }),
  'a claim': (name) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }),
  'a key of a ConfigMap': (key) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c' },
    data: { [key]: 'x' },
  }),
  'a key of a Secret': (key) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'c' },
    stringData: { [key]: 'x' },
  }),
};

for (const [what, make] of Object.entries(PLACES)) {
  test(`the name of ${what} cannot lead out`, () => {
    for (const name of LEADING_OUT) {
      const { revisions, documents, problems } = parse(JSON.stringify(make(name)));
      assert.ok(
        problems.some(({ severity }) => severity === 'error'),
        `${JSON.stringify(name)} is taken`,
      );
      assert.deepEqual([revisions, documents ?? []], [[], []]);
    }
  });
}

const OUTWARD = ['../x', 'a/../../x', '/../x', '/etc/passwd'];
const BELOW: Readonly<Record<string, [Make, (problem: string) => boolean]>> = {
  'the path of an item of a ConfigMap': [
    (path) => volume({ configMap: { name: 'c', items: [{ key: 'k', path }] } }),
    () => true,
  ],
  'the path of an item of a Secret': [
    (path) => volume({ secret: { secretName: 'c', items: [{ key: 'k', path }] } }),
    () => true,
  ],
  'the path of an item of a projected volume': [
    (path) => volume({ projected: { sources: [{ configMap: { name: 'c', items: [{ key: 'k', path }] } }] } }),
    () => true,
  ],
  'the path of a field of the Pod': [
    (path) => volume({ downwardAPI: { items: [{ path, fieldRef: { fieldPath: 'metadata.name' } }] } }),
    () => true,
  ],
  'a subPath': [
    (subPath) =>
      pod({
        containers: [{ name: 'm', image: 'x', volumeMounts: [{ name: 'v', mountPath: '/v', subPath }] }],
        volumes: [{ name: 'v', emptyDir: {} }],
      }),
    () => true,
  ],
  'a path of the machine': [(path) => volume({ hostPath: { path } }), (path) => path.includes('..')],
  'a seccomp profile': [
    (localhostProfile) => pod({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile } } }),
    () => true,
  ],
};

for (const [what, [make, isBad]] of Object.entries(BELOW)) {
  test(`${what} cannot lead out`, () => {
    for (const path of OUTWARD.filter(isBad)) {
      const { revisions } = parse(JSON.stringify(make(path)));
      assert.deepEqual(revisions, [], path);
    }
  });
}
