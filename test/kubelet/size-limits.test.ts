import assert from 'node:assert/strict';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import type { Host } from '../../src/kubelet/host.ts';
import { Lanes } from '../../src/kubelet/lanes.ts';
import { checkSizeLimits } from '../../src/kubelet/size-limits.ts';
import type { Revision } from '../../src/kubelet/types.ts';
import { realHost } from '../../src/kubelet/volumes/host.ts';
import { container, revision } from './build.ts';
import { node } from './node.ts';
import { temporaryDirectory } from './temporary.ts';

const NOBODY = { listContainerStats: async () => [] };

test('the Pods whose volumes have outgrown their limits are told, and no others', async (t) => {
  const base = await realpath(await temporaryDirectory(t));
  const rootDir = join(base, 'root');
  await mkdir(join(base, 'cgroup'));
  const options = { rootDir, podLogsDir: join(base, 'logs'), cgroupFsRoot: join(base, 'cgroup') };
  const env = realEnv();
  const host = realHost({ ...options, env, node: node({ rootDir }) });
  const pod = async (uid: string, emptyDir: object, bytes: number) => {
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    const of = revision({ containers: [container({ volumeMounts })], volumes: [{ name: 'v', emptyDir }] }, uid);
    const { volumes } = await host.preparePod(of.pod);
    await writeFile(join(volumes.get('v')?.hostPath ?? '', 'file'), Buffer.alloc(bytes, 1));
    return of;
  };
  const large = 256 * 1024;
  const wanted: Revision[] = [
    await pod('small', { sizeLimit: '1Mi' }, 1024),
    await pod('free', {}, large),
    await pod('large', { sizeLimit: '128Ki' }, large),
    await pod('also', { sizeLimit: '100k' }, large),
  ];
  const lanes = new Lanes(env, () => {});
  const evicted: string[] = [];
  await new Promise<void>((resolve) => {
    const evict = ({ uid }: Revision, message: string) => {
      evicted.push(`${uid}: ${message}`);
      if (evicted.length === 2) resolve();
    };
    checkSizeLimits({ env, host, lanes, stats: NOBODY, wanted: () => wanted, evict });
    checkSizeLimits({ env, host, lanes, stats: NOBODY, wanted: () => wanted, evict });
  });
  lanes.close();
  assert.deepEqual(evicted, [
    'large: Usage of EmptyDir volume "v" exceeds the limit "128Ki". ',
    'also: Usage of EmptyDir volume "v" exceeds the limit "100k". ',
  ]);
});

test('without a limit nothing is begun', () => {
  const env = realEnv();
  const lanes = new Lanes(env, () => assert.fail('a lane ended'));
  const host = realHost({ rootDir: '/nowhere', podLogsDir: '/nowhere', env, node: node() });
  checkSizeLimits({ env, host, lanes, stats: NOBODY, wanted: () => [revision()], evict: () => assert.fail('evicted') });
  assert.equal(lanes.count('garbage'), 0);
});

test('a limit of storage is asked about with what the runtime says of the containers', async () => {
  const env = realEnv();
  const lanes = new Lanes(env, () => {});
  const asked: unknown[] = [];
  const host = {
    overgrown: async (_pod: unknown, written: ReadonlyMap<string, number>) => {
      asked.push([...written]);
      return 'too much';
    },
  } as Partial<Host> as Host;
  const rows = [3, 9, 4].map((usedBytes, attempt) => ({
    ...{ id: `c${attempt}`, name: 'main', attempt, labels: {} },
    writableLayer: { timestampMs: 0, mountpoint: '/', usedBytes },
  }));
  const stats = {
    listContainerStats: async (labels: Record<string, string>) => {
      asked.push(labels);
      return rows;
    },
  };
  const limited = revision({ containers: [container({ resources: { limits: { 'ephemeral-storage': '1Gi' } } })] });
  await new Promise<void>((resolve) => {
    checkSizeLimits({ env, host, lanes, stats, wanted: () => [limited], evict: () => resolve() });
  });
  lanes.close();
  assert.deepEqual(asked, [{ 'io.kubernetes.pod.uid': 'u1' }, [['main', 9]]]);
});
