import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../src/kubelet/types.ts';
import { allowedAddresses, guardRules, MetadataGuard, needsGuard, programRunner } from '../../src/metadata/guard.ts';
import { PROVIDERS } from '../../src/metadata/providers.ts';
import { testEnv } from './env.ts';

function pod(access: string | undefined, ips: string[], hostNetwork = false): Pod {
  const annotations = access === undefined ? {} : { 'rower.dev/metadata-access': access };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', annotations },
    spec: { containers: [], hostNetwork },
    status: { podIPs: ips.map((ip) => ({ ip })) },
  } as unknown as Pod;
}

test('only Pods with the annotation and a network of their own are let through', () => {
  const pods = [
    pod('allow', ['10.0.0.9', 'fd00::9']),
    pod('deny', ['10.0.0.1']),
    pod(undefined, ['10.0.0.2']),
    pod('allow', ['192.0.2.1'], true),
  ];
  assert.deepEqual(allowedAddresses(pods), ['10.0.0.9', 'fd00::9']);
  assert.deepEqual(allowedAddresses([pod('allow', ['10.0.0.1; flush ruleset'])]), []);
});

test('the rules replace the table whole', () => {
  const rules = guardRules(['10.0.0.9', 'fd00::9']);
  assert.match(
    rules,
    /^add table inet rower-metadata\ndelete table inet rower-metadata\ntable inet rower-metadata \{\n/,
  );
  assert.match(
    rules,
    /\n {4}ip saddr \{ 10\.0\.0\.9 \} accept\n {4}ip6 saddr \{ fd00::9 \} accept\n {4}ip daddr \{ 169\.254\.169\.254, /,
  );
  assert.doesNotMatch(guardRules([]), /saddr/);
});

test('it is for providers that are asked over the network', () => {
  const guarded = PROVIDERS.filter(needsGuard).map(({ name }) => name);
  for (const name of ['ec2', 'gce', 'hetzner', 'cloud-init']) assert.ok(guarded.includes(name), name);
  for (const name of ['file', 'nocloud', 'configdrive', 'lxd', 'vmware']) assert.ok(!guarded.includes(name), name);
});

test('rules are set when it is turned on and when the Pods that may ask change, one after the other', async () => {
  const inputs: string[] = [];
  const waiting: (() => void)[] = [];
  const guard = new MetadataGuard(testEnv(), (_, __, input) => {
    inputs.push(input);
    return new Promise((resolve) => waiting.push(() => resolve(undefined)));
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  guard.look([pod('allow', ['10.0.0.1'])]);
  assert.equal(inputs.length, 0, 'nothing before it is turned on');
  guard.turnOn();
  guard.look([pod('allow', ['10.0.0.2'])]);
  guard.look([pod('allow', ['10.0.0.3'])]);
  assert.equal(inputs.length, 1);
  waiting[0]?.();
  await settle();
  waiting[1]?.();
  await settle();
  guard.look([pod('allow', ['10.0.0.3'])]);
  assert.deepEqual(inputs, [guardRules(['10.0.0.1']), guardRules(['10.0.0.3'])]);
});

test('a machine without nftables is warned of once', async () => {
  const env = testEnv();
  const guard = new MetadataGuard(env, (_, args, input) => programRunner(env)('rower-no-such-program', args, input));
  guard.turnOn();
  while (env.lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(env.lines[0] ?? '', /^warn .*install nftables.*ENOENT/);
});
