/** The rules one by one; that real kubectl does the same is in test/clients/strategic-merge.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRecord } from '../../../src/metadata/ingest/record.ts';
import { applyStrategicMerge } from '../../../src/metadata/ingest/strategic-merge.ts';
import { Refusal } from '../../../src/metadata/ingest/types.ts';
import { MERGES, POD } from '../merges.ts';

for (const { name, patch, change } of MERGES) {
  test(name, () => {
    const before = structuredClone(POD);
    const after = applyStrategicMerge(POD, patch, 'Pod');
    assert.deepEqual(POD, before, 'the base stays what it is');
    const expected = structuredClone(POD);
    change(expected);
    assert.deepEqual(after, expected);
  });
}

const REFUSED: [object, RegExp][] = [
  [{ spec: { containers: [{ image: 'x' }] } }, /patch\.spec\.containers\[0\] must have name/],
  [{ spec: { containers: ['x'] } }, /patch\.spec\.containers\[0\] must be a mapping with name/],
  [{ spec: { $patch: 'merge' } }, /patch\.spec\.\$patch must be replace or delete here, not "merge"/],
  [{ spec: { containers: [{ name: 'a', $patch: 'merge' }] } }, /\$patch must be delete or replace/],
  [{ spec: { volumes: [{ name: 'v', $retainKeys: ['name'], emptyDir: {} }] } }, /\$retainKeys must name emptyDir too/],
  [{ spec: { $retainKeys: 'x' } }, /\$retainKeys must be a list/],
  [{ spec: { $paths: 'x' } }, /\$paths is no directive/],
  [{ metadata: { '$deleteFromPrimitiveList/finalizers': 'x' } }, /must be a list/],
];
for (const [patch, message] of REFUSED) {
  test(`${JSON.stringify(patch)} is refused`, () => {
    assert.throws(() => applyStrategicMerge(POD, patch as Record<string, unknown>, 'Pod'), {
      name: 'Refusal',
      message,
    });
  });
}

test('a list that is merged has a limit', () => {
  const items = Array.from({ length: 3000 }, (_, index) => ({ name: `v${index}` }));
  const patch = { spec: { volumes: items } };
  assert.throws(() => applyStrategicMerge(POD, patch, 'Pod'), /patch\.spec\.volumes would have more than 2000 items/);
});

test('the template of a workload is merged as a Pod is', () => {
  const deployment = {
    kind: 'Deployment',
    spec: { template: { spec: { containers: [{ name: 'a', image: 'x', tty: true }] } } },
  };
  const patch = { spec: { template: { spec: { containers: [{ name: 'a', image: 'y' }] } } } };
  assert.deepEqual(applyStrategicMerge(deployment, patch, 'Deployment'), {
    kind: 'Deployment',
    spec: { template: { spec: { containers: [{ name: 'a', image: 'y', tty: true }] } } },
  });
});

test('any patch makes an object or a refusal, and leaves prototypes alone', () => {
  const key = fc.constantFrom(
    'spec',
    'containers',
    'env',
    'name',
    'volumes',
    '$patch',
    '$retainKeys',
    '$setElementOrder/env',
    '__proto__',
    'constructor',
    'metadata',
    'finalizers',
    '$deleteFromPrimitiveList/finalizers',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom('a', 'delete', 'replace', 1, null, true),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(value, value, (document, patch) => {
      if (!isRecord(document) || !isRecord(patch)) return;
      try {
        assert.ok(isRecord(applyStrategicMerge(document, patch, 'Pod')));
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
      }
      assert.deepEqual(Object.keys(Object.prototype), []);
    }),
  );
  const hostile = JSON.parse('{"__proto__":{"polluted":true}}') as Record<string, unknown>;
  applyStrategicMerge({}, hostile, 'Pod');
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});
