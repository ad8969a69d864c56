/**
 * Records what this version writes on sandboxes and containers, for the versions to come: they must go on with it.
 *
 *     node hack/record-labels.ts > test/fixtures/labels-vX.Y.json
 *
 * Needs root and containerd. `test/kubelet/labels.recorded.test.ts` reads every such file.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createCriClient } from '../src/cri/client.ts';
import { OWNER } from '../src/kubelet/labels.ts';
import { VERSION } from '../src/version.ts';
import { createAgent } from '../test/e2e/agent.ts';
import { startContainerd } from './containerd.ts';
import { realEnv } from './env.ts';

const busybox = (name: string, script: string, more: object = {}) => ({
  name,
  image: 'localhost/busybox:1',
  command: ['/bin/busybox', 'sh', '-c', script],
  ...more,
});
const pod = (name: string, spec: object, metadata: object = {}) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec });

/** File → manifest: a plain Pod, every kind of container, one that keeps ending, one that is stored compressed. */
const MANIFESTS: Readonly<Record<string, string>> = {
  'plain.yaml': pod(
    'plain',
    { containers: [busybox('main', 'sleep 100000', { ports: [{ containerPort: 80, hostPort: 18080 }] })] },
    { labels: { app: 'web' }, annotations: { note: 'kept' } },
  ),
  'kinds.yaml': pod('kinds', {
    terminationGracePeriodSeconds: 7,
    initContainers: [busybox('first', 'true'), busybox('beside', 'sleep 100000', { restartPolicy: 'Always' })],
    containers: [
      busybox('main', 'sleep 100000', {
        lifecycle: { preStop: { exec: { command: ['/bin/busybox', 'true'] } } },
        terminationMessagePolicy: 'FallbackToLogsOnError',
      }),
    ],
  }),
  'ending.yaml': pod('ending', { containers: [busybox('main', 'sleep 1; exit 3')] }),
  'large.yaml': pod('large', {
    containers: [busybox('main', 'sleep 100000', { env: [{ name: 'LONG', value: 'x'.repeat(20_000) }] })],
  }),
};

async function record(): Promise<void> {
  const dir = mkdtempSync('/tmp/labels-');
  const containerd = await startContainerd({ dir: `${dir}/c` });
  try {
    const agent = await createAgent(containerd, ['--metadata=none']);
    await agent.start();
    for (const [file, text] of Object.entries(MANIFESTS)) agent.write(file, text);
    await agent.until('all to run and one to wait after its second restart', (pods) =>
      Object.keys(MANIFESTS).every((file) => {
        const found = pods.find(({ metadata }) => metadata.name === `${file.replace('.yaml', '')}-n1`)?.status;
        const [container] = found?.containerStatuses ?? [];
        return file === 'ending.yaml' ? container?.restartCount === 2 && container.state?.waiting : container?.ready;
      }),
    );
    const { cri, ...client } = createCriClient({ endpoints: [containerd.endpoint], imageEndpoint: '', env: realEnv() });
    const sandboxes = await cri.listPodSandboxes({});
    const containers = await cri.listContainers({});
    const rootDir = sandboxes[0]?.labels[OWNER] ?? '';
    console.log(
      JSON.stringify(
        {
          version: VERSION,
          atMs: Date.now(),
          node: 'n1',
          rootDir,
          manifests: Object.entries(MANIFESTS).map(([file, text]) => ({ path: `${agent.manifests}/${file}`, text })),
          sandboxes,
          sandboxStatuses: await Promise.all(sandboxes.map(({ id }) => cri.podSandboxStatus(id))),
          containers,
          containerStatuses: await Promise.all(containers.map(({ id }) => cri.containerStatus(id))),
        },
        undefined,
        1,
      ),
    );
    client.close();
    await agent.dispose();
  } finally {
    await containerd.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

if (import.meta.main) await record();
