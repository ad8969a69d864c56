import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toAppliedResources, toRuntimeHandler, toRuntimeStatus, toSpecResources } from '../../src/cri/convert.ts';

test('a runtime handler without features can do nothing special', () => {
  assert.deepEqual(toRuntimeHandler({ name: '', features: null }), {
    name: '',
    recursiveReadOnlyMounts: false,
    userNamespaces: false,
  });
});

test('features of a runtime handler are taken as they are', () => {
  const features = { recursiveReadOnlyMounts: true, userNamespaces: true };
  assert.deepEqual(toRuntimeHandler({ name: 'kata', features }), { name: 'kata', ...features });
});

test('what a runtime does not tell stays untold', () => {
  const silent = { status: null, runtimeHandlers: [], features: null, info: {} };
  assert.deepEqual(toRuntimeStatus(silent), { conditions: [] });
  assert.deepEqual(toRuntimeStatus({ ...silent, features: { supplementalGroupsPolicy: true } }), {
    conditions: [],
    supplementalGroupsPolicy: true,
  });
});
test('zero and negative amounts are no limits', () => {
  assert.deepEqual(toAppliedResources({ cpuPeriod: 0, cpuQuota: -1, cpuShares: 2, memoryLimitInBytes: 0 }), {
    cpuShares: 2,
  });
});

test("resources are read from the specification in a runtime's long answer", () => {
  const spec = (resources: unknown) => ({ info: JSON.stringify({ pid: 1, runtimeSpec: { linux: { resources } } }) });
  const cpu = { shares: 102, quota: 20_000, period: 100_000 };
  assert.deepEqual(toSpecResources(spec({ cpu, memory: { limit: 1 << 26, swap: 1 << 26 } })), {
    cpuPeriod: 100_000,
    cpuQuota: 20_000,
    cpuShares: 102,
    memoryLimitInBytes: 1 << 26,
  });
  assert.deepEqual(toSpecResources(spec({ cpu: { shares: 'many' } })), {});
  for (const info of [{}, { info: '{' }, { info: '{}' }, { info: 'null' }, { info: '{"runtimeSpec":{}}' }])
    assert.equal(toSpecResources(info as Record<string, string>), undefined);
});
