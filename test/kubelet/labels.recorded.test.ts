/** What former versions wrote on sandboxes and containers: this one goes on with it, and nothing that runs is lost. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import type { Container, ContainerStatus, Cri, Sandbox, SandboxStatus } from '../../src/cri/port.ts';
import type { Host } from '../../src/kubelet/host.ts';
import { parseManifest } from '../../src/kubelet/manifest/parse.ts';
import type { ObservedPod } from '../../src/kubelet/observed.ts';
import { planPod } from '../../src/kubelet/plan/pod.ts';
import { RuntimeCache } from '../../src/kubelet/runtime-cache.ts';
import type { Snapshot, Source } from '../../src/kubelet/sources/source.ts';
import { Store } from '../../src/kubelet/store.ts';
import { podKey } from '../../src/kubelet/types.ts';
import { input } from './build.ts';

interface Recording {
  readonly atMs: number;
  readonly node: string;
  readonly rootDir: string;
  readonly manifests: readonly { path: string; text: string }[];
  readonly sandboxes: readonly Sandbox[];
  readonly sandboxStatuses: readonly SandboxStatus[];
  readonly containers: readonly Container[];
  readonly containerStatuses: readonly ContainerStatus[];
}

const FIXTURES = join(import.meta.dirname, '../fixtures');
const LAST_GOOD = 'rower.dev/pod';
type Annotations = Record<string, string>;

/** The agent's first look after the upgrade. `edit` changes what the runtime holds. */
async function firstLook(recording: Recording, edit: (annotations: Annotations) => Annotations = (same) => same) {
  const edited = <T extends { annotations: Annotations }>(row: T): T => ({
    ...row,
    annotations: edit(row.annotations),
  });
  const byId = <T extends { id: string }>(rows: readonly T[]) => new Map(rows.map((row) => [row.id, row]));
  const sandboxes = byId(
    recording.sandboxStatuses.map((status, i) => ({ id: recording.sandboxes[i]?.id ?? '', status })),
  );
  const containers = byId(recording.containerStatuses);
  const cri = {
    listPodSandboxes: async () => recording.sandboxes.map(edited),
    listContainers: async () => recording.containers.map(edited),
    podSandboxStatus: async (id: string) => sandboxes.get(id)?.status,
    containerStatus: async (id: string) => containers.get(id),
  } as unknown as Cri;
  const host = { readTerminationLog: async () => '' } as Partial<Host> as Host;
  const env = { ...realEnv(), nowMs: () => recording.atMs, monotonicMs: () => 1_000_000 };
  const observed = await new RuntimeCache({ env, cri, host, rootDir: recording.rootDir }).relist();
  const resolve = (manifests: Recording['manifests']) => {
    const files = manifests.map(({ path, text }) =>
      parseManifest(Buffer.from(text), { kind: 'file', location: path }, { nodeName: recording.node }),
    );
    const snapshot: Snapshot = { state: 'known', files };
    const source: Source = { kind: 'file', current: () => snapshot, run: async () => {} };
    return new Store(env, [source]).resolve(observed);
  };
  const plan = (name: string, manifests: Recording['manifests']) => {
    const key = podKey('default', `${name}-${recording.node}`);
    const slot = resolve(manifests).slots.get(key);
    assert.ok(slot, name);
    return planPod(
      input({ slot, observed: observed.pods.get(key), clock: { nowMs: recording.atMs, monotonicMs: 1_000_000 } }),
    );
  };
  return { pods: observed.pods, resolve, plan };
}

/** Attempt, restarts and back-off of the newest instance of a container. */
function history(pod: ObservedPod | undefined, name: string) {
  const newest = pod?.containers.filter((each) => each.name === name).toSorted((a, b) => b.attempt - a.attempt)[0];
  return newest && [newest.attempt, newest.record.restartCount, newest.record.backOffMs, newest.record.epoch];
}

const kinds = ['plain', 'kinds', 'large', 'ending'];
const edits: Record<string, (annotations: Annotations) => Annotations> = {
  'as it was written': (same) => same,
  'with annotations that only a later version knows': (annotations) => ({ ...annotations, 'rower.dev/later': '{}' }),
  'with fields of Pods that only a later version knows': (annotations) => ({
    ...annotations,
    ...(annotations[LAST_GOOD]?.startsWith('{') && {
      [LAST_GOOD]: JSON.stringify({ ...JSON.parse(annotations[LAST_GOOD]), later: { than: 'this' } }),
    }),
  }),
  'with a Pod that cannot be read': (annotations) => ({
    ...annotations,
    ...(annotations[LAST_GOOD] && { [LAST_GOOD]: 'v9:unknown' }),
  }),
};

for (const file of globSync('labels-v*.json', { cwd: FIXTURES })) {
  const recording: Recording = JSON.parse(readFileSync(join(FIXTURES, file), 'utf8'));
  describe(`the Pods of ${file}`, () => {
    for (const [how, edit] of Object.entries(edits)) {
      it(`run on, ${how}`, async () => {
        const { plan, pods } = await firstLook(recording, edit);
        for (const name of kinds) assert.deepEqual(plan(name, recording.manifests).actions, [], name);
        const [wait] = plan('ending', recording.manifests).waits;
        assert.equal(wait?.reason, 'CrashLoopBackOff');
        assert.deepEqual(history(pods.get(podKey('default', 'ending-n1')), 'main'), [2, 2, 20_000, 0]);
      });
    }

    it('are stopped when their manifests have gone, with their own grace periods', async () => {
      const { plan } = await firstLook(recording);
      const graces = kinds.flatMap((name) =>
        plan(name, []).actions.flatMap((action) => (action.kind === 'stop-container' ? [action.graceSeconds] : [])),
      );
      assert.deepEqual(graces, [30, 30]);
      assert.deepEqual(
        plan('kinds', []).actions.map(({ kind }) => kind),
        ['run-hook'],
      );
    });

    it('are left alone and told when they cannot be read and no manifest names them', async () => {
      const { plan, resolve } = await firstLook(recording, edits['with a Pod that cannot be read']);
      const { slots, problems } = resolve([]);
      assert.deepEqual(
        [...slots.values()].map(({ state }) => state),
        Array(4).fill('hold'),
      );
      assert.equal(problems.length, 4);
      for (const name of kinds) assert.deepEqual(plan(name, []).actions, [], name);
    });
  });
}
