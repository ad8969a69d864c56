/** What the cloud says of the machine, on the Pods: the downward API sees it, and no change of it restarts anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '../../src/kubelet/node.ts';
import { cloudFacts } from '../../src/metadata/node-attributes.ts';
import { NODE, World } from './world.ts';

const POD = `apiVersion: v1
kind: Pod
metadata: {name: web, annotations: {mine: '1'}, labels: {app: web}}
spec:
  containers:
  - name: main
    image: localhost/busybox:1
    command: [httpd, -f]
    env:
    - {name: ZONE, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['rower.dev/zone']"}}}
    - {name: TOPOLOGY, valueFrom: {fieldRef: {fieldPath: "metadata.labels['topology.kubernetes.io/zone']"}}}
    - {name: ROLE, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['tag.rower.dev/role']"}}}
  volumes:
  - {name: about, downwardAPI: {items: [{path: all, fieldRef: {fieldPath: metadata.annotations}}]}}
`;

test('a tag that changes reaches the annotations and the files, and neither the uid nor the container', async () => {
  const node: Node = { ...NODE, cloud: cloudFacts('ec2', { zone: 'eu-1a', 'tags.role': 'web' }) };
  const world = new World({ seed: 'marks', runtime: { jitter: false, reserveNames: true }, node });
  world.runtime.images.add('localhost/busybox:1');
  world.directory.write('web.yaml', POD);
  const { kubelet } = world.startAgent();
  await world.clock.advance(10_000);
  const containers = () => [...world.runtime.state.containers.values()];
  const shown = () => kubelet.published().pods[0]?.pod.metadata;
  const [first] = containers();
  const env = Object.fromEntries((first?.config.envs ?? []).map(({ key, value }) => [key, value]));
  assert.deepEqual([env.ZONE, env.TOPOLOGY, env.ROLE], ['eu-1a', 'eu-1a', 'web']);
  const before = shown();
  assert.equal(before?.annotations?.mine, '1');
  assert.equal(before?.annotations?.['tag.rower.dev/role'], 'web');
  assert.deepEqual(before?.labels, { app: 'web', 'topology.kubernetes.io/zone': 'eu-1a' });

  node.cloud = cloudFacts('ec2', { zone: 'eu-1a', 'tags.role': 'db' });
  kubelet.poke();
  await world.clock.advance(10_000);
  assert.equal(shown()?.annotations?.['tag.rower.dev/role'], 'db');
  assert.equal(shown()?.uid, before?.uid);
  assert.deepEqual(
    containers().map(({ id }) => id),
    [first?.id],
  );

  world.killAgent();
  node.cloud = undefined as never;
  const again = world.startAgent().kubelet;
  await world.clock.advance(10_000);
  assert.equal(again.published().pods[0]?.pod.metadata.uid, before?.uid);
  assert.deepEqual(
    containers().map(({ id }) => id),
    [first?.id],
  );
});
