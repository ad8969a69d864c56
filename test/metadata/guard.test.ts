import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Pod } from '../../src/kubelet/types.ts';
import {
  ACCESS_ANNOTATION,
  allowedAddresses,
  guardRules,
  MetadataGuard,
  needsGuard,
  programRunner,
  type RunProgram,
} from '../../src/metadata/guard.ts';
import { hostNetworkGuard } from '../../src/metadata/guard-cgroups.ts';
import { PROVIDERS } from '../../src/metadata/providers.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';
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
  const run: RunProgram = (_, __, input) => {
    inputs.push(input);
    return new Promise((resolve) => waiting.push(() => resolve(undefined)));
  };
  const guard = new MetadataGuard({ env: testEnv(), run });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  guard.look([pod('allow', ['10.0.0.1'])]);
  assert.equal(inputs.length, 0, 'nothing before it is turned on');
  guard.turnOn();
  guard.look([pod('allow', ['10.0.0.2'])]);
  guard.look([pod('allow', ['10.0.0.3'])]);
  await settle();
  assert.equal(inputs.length, 1);
  waiting[0]?.();
  await settle();
  waiting[1]?.();
  await settle();
  guard.look([pod('allow', ['10.0.0.3'])]);
  await settle();
  assert.deepEqual(inputs, [guardRules(['10.0.0.1']), guardRules(['10.0.0.3'])]);
});

test('a machine without nftables is warned of once', async () => {
  const env = testEnv();
  const reports: string[] = [];
  const run: RunProgram = (_, args, input) => programRunner(env)('rower-no-such-program', args, input);
  const guard = new MetadataGuard({ env, run, report: (message) => reports.push(message) });
  guard.turnOn();
  while (env.lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(env.lines[0] ?? '', /^error .*install nftables.*there is no rower-no-such-program/);
  guard.look([]);
  guard.look([pod('allow', ['10.0.0.1'])]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(env.lines.length, 1);
  assert.match(
    reports.join('\n'),
    /^Pods cannot be kept away from the metadata service: .*there is no rower-no-such-program$/,
  );
});

test('rules that could not be set are set later', async () => {
  const outcomes = ['no such table', undefined];
  const inputs: string[] = [];
  let nowMs = 0;
  const env = { ...testEnv(), monotonicMs: () => nowMs };
  const run: RunProgram = async (_, __, input) => {
    inputs.push(input);
    return outcomes.shift();
  };
  const guard = new MetadataGuard({ env, run });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  guard.turnOn();
  for (const atMs of [0, 59_000, 60_000, 200_000]) {
    nowMs = atMs;
    guard.look([]);
    await settle();
  }
  assert.equal(inputs.length, 2);
});

test('Pods on the host network are told by their cgroup; those that may ask go first', async (t) => {
  const root = await temporaryDirectory(t);
  const node = { cgroupDriver: 'cgroupfs', cgroupRoot: '/a' } as const;
  const own = {
    ...pod('allow', [], true),
    metadata: { name: 'a', uid: 'u1', annotations: { [ACCESS_ANNOTATION]: 'allow' } },
  };
  const pods = [own, pod('deny', [], true), pod('allow', ['10.0.0.1'])] as Pod[];
  assert.equal(await hostNetworkGuard(pods, node, root), undefined);
  await mkdir(join(root, 'a/kubepods'), { recursive: true });
  const before = await hostNetworkGuard(pods, node, root);
  assert.deepEqual([before?.pods, before?.allowed], ['a/kubepods', []]);
  await mkdir(join(root, 'a/kubepods/besteffort/podu1'), { recursive: true });
  const found = await hostNetworkGuard(pods, node, root);
  assert.deepEqual(found?.allowed, ['a/kubepods/besteffort/podu1']);
  assert.notEqual(found?.key, before?.key);
  const rules = guardRules([], found);
  assert.match(
    rules,
    /chain host \{\n.*\n {4}socket cgroupv2 level 4 "a\/kubepods\/besteffort\/podu1" accept\n {4}ip daddr .* socket cgroupv2 level 2 "a\/kubepods" reject/,
  );
});
