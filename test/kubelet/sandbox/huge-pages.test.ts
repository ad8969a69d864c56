import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPageSize, hugePageSizes } from '../../../src/kubelet/sandbox/huge-pages.ts';

test('page sizes are written as cgroups write them', () => {
  const cases = [
    [64 * 1024, '64KB'],
    [2 * 1024 ** 2, '2MB'],
    [512 * 1024 ** 2, '512MB'],
    [1024 ** 3, '1GB'],
  ] as const;
  for (const [bytes, expected] of cases) assert.equal(formatPageSize(bytes), expected);
});

test('only huge page resources are taken from a list, and unreadable sizes are not', () => {
  assert.deepEqual(hugePageSizes({ cpu: '1', 'hugepages-1Gi': '2Gi', 'hugepages-many': '1', 'hugepages-': '1' }), [
    { resource: 'hugepages-1Gi', pageBytes: 1024 ** 3, pageSize: '1GB' },
  ]);
  assert.deepEqual(hugePageSizes(undefined), []);
});
