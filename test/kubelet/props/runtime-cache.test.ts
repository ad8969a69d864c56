/** The order in which a runtime lists things says nothing. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Container, Cri, Sandbox } from '../../../src/cri/port.ts';
import type { Host } from '../../../src/kubelet/host.ts';
import { CONTAINER_NAME, ownerLabels, POD_NAME, POD_NAMESPACE, POD_UID } from '../../../src/kubelet/labels.ts';
import { RuntimeCache } from '../../../src/kubelet/runtime-cache.ts';
import { Clock, silentLog, simEnv } from '../../sim/env.ts';
import { Random } from '../../sim/random.ts';

const ROOT = '/var/lib/rower';

function labelsOf(pod: number, uid: number): Record<string, string> {
  return { ...ownerLabels(ROOT), [POD_NAMESPACE]: 'default', [POD_NAME]: `p${pod}`, [POD_UID]: `u${uid}` };
}

const small = fc.integer({ min: 0, max: 2 });
const sandboxes = fc.uniqueArray(fc.tuple(small, small, small, small), { maxLength: 8, selector: String }).map((list) =>
  list.map(([pod, uid, attempt, createdAtMs], index): Sandbox => {
    const metadata = { name: `p${pod}`, namespace: 'default', uid: `u${uid}`, attempt };
    return { id: `s${index}`, metadata, state: 'ready', createdAtMs, labels: labelsOf(pod, uid), annotations: {} };
  }),
);
const containers = fc
  .uniqueArray(fc.tuple(small, small, small, small), { maxLength: 8, selector: String })
  .map((list) =>
    list.map(([pod, uid, attempt, createdAtMs], index): Container => {
      const labels = { ...labelsOf(pod, uid), [CONTAINER_NAME]: 'main' };
      const metadata = { name: 'main', attempt };
      const rest = { createdAtMs, image: '', imageRef: '', labels, annotations: {} };
      return { id: `c${index}`, sandboxId: 's0', metadata, state: 'created', ...rest };
    }),
  );

/** A runtime that lists these, in this order. */
function runtime(sandboxRows: readonly Sandbox[], containerRows: readonly Container[]): Cri {
  const part: Partial<Cri> = {
    listPodSandboxes: async () => [...sandboxRows],
    listContainers: async () => [...containerRows],
    podSandboxStatus: async (id) => ({ id, state: 'ready', ips: ['10.0.0.1'] }),
  };
  return part as Cri;
}

it('any order of the listing gives the same Pods in the same order', async () => {
  const given = fc
    .tuple(sandboxes, containers)
    .chain(([s, c]) =>
      fc.tuple(
        fc.constant(s),
        fc.constant(c),
        fc.shuffledSubarray(s, { minLength: s.length }),
        fc.shuffledSubarray(c, { minLength: c.length }),
      ),
    );
  await fc.assert(
    fc.asyncProperty(given, async ([s, c, shuffledS, shuffledC]) => {
      const list = async (cri: Cri) => {
        const env = simEnv(new Clock(), new Random('cache'), silentLog);
        const host = { readTerminationLog: async () => '', readLogTail: async () => '' } as Partial<Host> as Host;
        const { pods } = await new RuntimeCache({ env, cri, host, rootDir: ROOT }).relist();
        return [...pods];
      };
      assert.deepEqual(await list(runtime(s, c)), await list(runtime(shuffledS, shuffledC)));
    }),
    { numRuns: 500 },
  );
});
