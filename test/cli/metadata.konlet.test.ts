/** docs/from-konlet.md followed from its top, with a declaration as `gcloud compute instances create-with-container` writes it. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryDirectory } from '../kubelet/temporary.ts';
import { metadataServer } from '../metadata/server.ts';
import { rower } from './rower.ts';

const DECLARATION = `spec:
  containers:
  - name: Web_Server
    image: registry.example/team/web:1
    env:
    - name: PORT
      value: '8080'
    securityContext:
      privileged: true
    stdin: false
    tty: false
    volumeMounts:
    - name: host-path-0
      mountPath: /data
      readOnly: true
  restartPolicy: Always
  volumes:
  - name: host-path-0
    hostPath:
      path: /srv/data

# This container declaration format is not public API and may change without notice. Please
# use gcloud command-line tool or Google Cloud Console to run Containers on Google Compute Engine.`;
const ATTRIBUTES = '/computeMetadata/v1/instance/attributes/';

/** A machine of Compute Engine with these attributes, and `rower` run on it. */
async function machine(t: TestContext, attributes: Record<string, string>, { cloudInit = false } = {}) {
  const root = await temporaryDirectory(t);
  if (cloudInit) {
    await mkdir(join(root, 'run/cloud-init'), { recursive: true });
    await writeFile(join(root, 'run/cloud-init/result.json'), '{}');
  }
  const { base } = await metadataServer(t, ({ url = '' }) => {
    const body = attributes[url.replace(ATTRIBUTES, '')];
    return { status: body === undefined ? 404 : 200, body: body ?? '', headers: { 'metadata-flavor': 'Google' } };
  });
  const metadata = async (action: string, ...more: string[]) =>
    rower('metadata', action, '--metadata', 'gce', '--host-root', root, '--endpoint', base, ...more);
  return { root, metadata };
}

test('what the guide says to do works, in its order', async (t) => {
  const { root, metadata } = await machine(t, { 'gce-container-declaration': DECLARATION });
  const explained = await metadata('explain');
  assert.match(explained.stdout, /user-data: taken \(instance\/attributes\/gce-container-declaration\)/);
  const { status, stdout, stderr } = await metadata('fetch');
  assert.deepEqual([status, stderr], [0, '']);
  const pod = JSON.parse(stdout.replace('---\n', ''));
  assert.equal(pod.metadata.name, 'web-server');
  assert.deepEqual(pod.metadata.labels, { 'rower.dev/source': 'gce-container-declaration' });
  assert.equal(pod.spec.hostNetwork, true);
  assert.equal(pod.spec.containers[0].imagePullPolicy, 'Always');
  assert.equal(pod.spec.volumes[0].hostPath.type, 'DirectoryOrCreate');

  const file = join(root, 'pod.yaml');
  await writeFile(file, stdout);
  assert.deepEqual(await rower('validate', file).then(({ status }) => status), 0);
  const both = { 'gce-container-declaration': DECLARATION, 'kube-pods': await readFile(file, 'utf8') };
  const again = await machine(t, both);
  assert.match((await again.metadata('explain')).stdout, /taken \(instance\/attributes\/kube-pods\)/);
  assert.equal((await again.metadata('fetch')).stdout, stdout, 'the same Pod');
});

test('what is there for cloud-init is left to it, and refused where there is none', async (t) => {
  for (const userData of ['#!/bin/sh\necho\n', '#cloud-config\nruncmd: [ls]\n']) {
    const attributes = { 'user-data': userData, 'gce-container-declaration': DECLARATION };
    const { metadata } = await machine(t, attributes, { cloudInit: true });
    const explained = await metadata('explain');
    assert.match(explained.stdout, /taken \(instance\/attributes\/gce-container-declaration\)/);
    assert.equal((await (await machine(t, attributes)).metadata('fetch')).status, 1);
  }
});

test('kube-pods is for Rower alone: nothing of it is left to cloud-init', async (t) => {
  const { metadata } = await machine(t, { 'kube-pods': '#!/bin/sh\n' }, { cloudInit: true });
  assert.match((await metadata('explain')).stdout, /refused, nothing of it is used/);
});

test('a disk of Google is refused with what to do instead', async (t) => {
  const disk = DECLARATION.replace('hostPath:\n      path: /srv/data', 'gcePersistentDisk: {pdName: d, fsType: ext4}');
  const { metadata } = await machine(t, { 'gce-container-declaration': disk });
  assert.match((await metadata('explain')).stdout, /is a gcePersistentDisk.*mount it on the host.*use hostPath/);
});
