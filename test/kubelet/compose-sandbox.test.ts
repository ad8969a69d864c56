import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeSandbox } from '../../src/kubelet/compose-sandbox.ts';
import { runtimeFeatures } from '../../src/kubelet/runtime-features.ts';
import type { PodSpec } from '../../src/kubelet/types.ts';
import { NOW_MS, revision } from './build.ts';
import { node } from './node.ts';

const HANDLERS = [
  { name: '', recursiveReadOnlyMounts: false, userNamespaces: false },
  { name: 'crun', recursiveReadOnlyMounts: false, userNamespaces: true },
];

function compose(spec: Partial<PodSpec>, status: { supplementalGroupsPolicy?: boolean } = {}) {
  const parts = {
    node: node({ runtimeClasses: { fast: { handler: 'crun' } } }),
    resolvConf: async () => ({ servers: [], searches: [], options: [] }),
    features: () => runtimeFeatures('containerd', '2.1.0', { runtimeHandlers: HANDLERS, ...status }),
  };
  const prepared = { volumes: new Map(), hostsFile: '', userNamespace: { hostId: 65_536, length: 65_536 } };
  return composeSandbox(parts, { revision: revision(spec), attempt: 0, startTimeMs: NOW_MS, prepared });
}

test('a Pod of a class runs by its handler', async () => {
  assert.equal((await compose({ runtimeClassName: 'fast' })).handler, 'crun');
  await assert.rejects(
    compose({ runtimeClassName: 'slow' }),
    /^ConfigError: runtimeclass\.node\.k8s\.io "slow" not found/,
  );
});

test('a user namespace is what the handler of the Pod has', async () => {
  const ids = [{ hostId: 65_536, containerId: 0, length: 65_536 }];
  const { config } = await compose({ runtimeClassName: 'fast', hostUsers: false });
  assert.deepEqual(config.linux.securityContext.namespaceOptions.usernsOptions, { mode: 'POD', uids: ids, gids: ids });
  await assert.rejects(compose({ hostUsers: false }), {
    message: "can't set `spec.hostUsers: false`, runtime containerd 2.1.0 does not support user namespaces",
  });
});

test('what every Pod without a cluster would be warned of is not said', async () => {
  assert.deepEqual((await compose({})).events, []);
});

test('groups of the image are left out only by a runtime that can', async () => {
  const strict: Partial<PodSpec> = { securityContext: { supplementalGroupsPolicy: 'Strict' } };
  const { config } = await compose(strict, { supplementalGroupsPolicy: true });
  assert.equal(config.linux.securityContext.supplementalGroupsPolicy, 'Strict');
  await assert.rejects(compose(strict), /^ConfigError: SupplementalGroupsPolicy=Strict is not supported in this node/);
  await compose({ securityContext: { supplementalGroupsPolicy: 'Merge' } });
});
