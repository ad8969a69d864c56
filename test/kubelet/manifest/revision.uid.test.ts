import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FileResult } from '../../../src/kubelet/sources/source.ts';
import { FILE, FIXTURES, HTTP, parse, SIMPLE } from './read.ts';

const UIDS: Record<string, string> = {
  '00-simple.yaml': 'd0346b6e1fea84bad41bc8684fce8125',
  '17-security.yaml': '3fc272175d9aee2c9c4471d462c68f7d',
  '20-guaranteed.yaml': '40cacee534fdeb079d4b6a55000cefe7',
};

for (const [file, uid] of Object.entries(UIDS)) {
  test(`the uid of ${file} is what it was in earlier versions`, () => {
    // A change here restarts every Pod of every machine at the upgrade.
    assert.equal(parse(readFileSync(new URL(file, FIXTURES))).revisions[0]?.uid, uid);
  });
}

const SAME: [string, string][] = [
  ['comments and blank lines', `# hello\n\n${SIMPLE.replaceAll('\n', ' # why\n')}`],
  [
    'the order of keys',
    'spec: {containers: [{image: "x:1", name: m}]}\nmetadata: {name: a}\nkind: Pod\napiVersion: v1\n',
  ],
  [
    'JSON',
    '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"m","image":"x:1"}]}}',
  ],
  [
    'defaults written out',
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: default}\nspec: {restartPolicy: Always, dnsPolicy: ClusterFirst, terminationGracePeriodSeconds: 30, securityContext: {}, enableServiceLinks: true, schedulerName: default-scheduler, containers: [{name: m, image: "x:1", imagePullPolicy: IfNotPresent, terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File, resources: {}}]}',
  ],
  [
    'zero values written out',
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {}, annotations: null}\nspec: {hostNetwork: false, volumes: [], hostname: "", containers: [{name: m, image: "x:1", command: [], tty: false}]}',
  ],
];

for (const [what, text] of SAME) {
  test(`${what} do not change the uid`, () => {
    const result = parse(text);
    assert.deepEqual(result.problems, []);
    assert.equal(result.revisions[0]?.uid, parse(SIMPLE).revisions[0]?.uid);
  });
}

const DIFFERENT: [string, FileResult][] = [
  ['a label', parse(SIMPLE.replace('{name: a}', '{name: a, labels: {x: z}}'))],
  ['the image', parse(SIMPLE.replace('x:1', 'x:2'))],
  ['another path', parse(SIMPLE, { kind: 'file', location: '/etc/pods/b.yaml' })],
  ['another node', parse(SIMPLE, FILE, 'other')],
  ['another kind of source', parse(SIMPLE, HTTP)],
  ['a value that is not the default', parse(SIMPLE.replace('spec: {', 'spec: {dnsPolicy: Default, '))],
  ['a zero that means something', parse(SIMPLE.replace('spec: {', 'spec: {terminationGracePeriodSeconds: 0, '))],
];

for (const [what, result] of DIFFERENT) {
  test(`${what} changes the uid`, () => {
    assert.match(result.revisions[0]?.uid ?? '', /^[0-9a-f]{32}$/);
    assert.notEqual(result.revisions[0]?.uid, parse(SIMPLE).revisions[0]?.uid);
  });
}

test('equal quantities are one amount: the uid does not change, and the Pod shows the canonical form', () => {
  const limits = (text: string) => parse(SIMPLE.replace('"x:1"', `"x:1", resources: {limits: {${text}}}`)).revisions[0];
  assert.equal(limits('cpu: 0.5, memory: 1024Mi')?.uid, limits('cpu: 500m, memory: 1Gi')?.uid);
  assert.deepEqual(limits('cpu: 0.5, memory: 1024Mi')?.pod.spec.containers[0]?.resources, {
    limits: { cpu: '500m', memory: '1Gi' },
    requests: { cpu: '500m', memory: '1Gi' },
  });
});

test('key order never changes the uid', () => {
  const base = {
    restartPolicy: 'Never',
    hostname: 'h',
    containers: [{ name: 'm', image: 'x:1', args: ['a'], tty: true }],
  };
  fc.assert(
    fc.property(fc.shuffledSubarray(Object.keys(base), { minLength: 3 }), (keys) => {
      const spec = Object.fromEntries(keys.map((key) => [key, base[key as keyof typeof base]]));
      const uid = (value: object) =>
        parse(JSON.stringify({ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a' }, spec: value })).revisions[0]
          ?.uid;
      assert.equal(uid(spec), uid(base));
    }),
  );
});
