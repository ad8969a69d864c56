import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest } from '../../../src/kubelet/manifest/parse.ts';
import { podBytes } from '../../../src/kubelet/sandbox/resources.ts';
import { runtimeHandler, withOverhead } from '../../../src/kubelet/sandbox/runtime-class.ts';
import type { Pod } from '../../../src/kubelet/types.ts';
import { revision } from '../build.ts';

const runtimeClasses = { kata: { handler: 'kata-qemu' }, gvisor: { handler: 'runsc' } };

test('a class is a handler of the runtime, none is its default', () => {
  assert.equal(runtimeHandler(revision({ runtimeClassName: 'kata' }).pod, { runtimeClasses }), 'kata-qemu');
  assert.equal(runtimeHandler(revision().pod, { runtimeClasses }), '');
  assert.equal(runtimeHandler(revision({ runtimeClassName: '' }).pod, {}), '');
});

test('a class that is not configured is an error that names those that are', () => {
  for (const runtimeClassName of ['toString', 'runc'])
    assert.throws(() => runtimeHandler(revision({ runtimeClassName }).pod, { runtimeClasses }), {
      name: 'ConfigError',
      message: `runtimeclass.node.k8s.io "${runtimeClassName}" not found: the configuration has kata, gvisor (runtimeClasses)`,
    });
});

test('a Pod takes what its class says beside its containers, unless it says so itself', () => {
  const classes = { kata: { handler: 'kata-qemu', overhead: { podFixed: { memory: '0.125Gi', cpu: '0.25' } } } };
  const overhead = (spec: object) => withOverhead({ spec: { containers: [], ...spec } }, classes).spec?.overhead;
  assert.deepEqual(overhead({ runtimeClassName: 'kata' }), { memory: '128Mi', cpu: '250m' });
  assert.deepEqual(overhead({ runtimeClassName: 'kata', overhead: { cpu: '1' } }), { cpu: '1' });
  assert.equal(overhead({ runtimeClassName: 'other' }), undefined);
  assert.equal(overhead({}), undefined);
});

test('the overhead is the machine’s, and no part of what the Pod is', () => {
  const text = Buffer.from(
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {runtimeClassName: kata, containers: [{name: m, image: "x:1"}]}\n',
  );
  const read = (podFixed: Record<string, string>) =>
    parseManifest(
      text,
      { kind: 'file', location: '/a' },
      {
        nodeName: 'n',
        runtimeClasses: { kata: { handler: 'k', overhead: { podFixed } } },
      },
    ).revisions[0];
  const [small, large] = [read({ memory: '1Mi' }), read({ memory: '2Mi' })];
  assert.deepEqual(large?.pod.spec.overhead, { memory: '2Mi' });
  assert.equal(small?.uid, large?.uid);
  assert.equal(podBytes(large?.pod as Pod, 'requests', 'memory'), 2 * 2 ** 20);
});
