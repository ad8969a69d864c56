/**
 * What a Pod costs without an agent: the same CRI calls with the same requests, sent one after the other by a client that
 * does nothing else. Directories and files are made before the clock starts.
 */
import os from 'node:os';
import path from 'node:path';
import { loadConfig } from '../src/config/load.ts';
import { createCriClient } from '../src/cri/client.ts';
import type { ContainerConfig, Cri, PodSandboxConfig } from '../src/cri/port.ts';
import { composeContainer } from '../src/kubelet/compose-container.ts';
import { readResolvConf } from '../src/kubelet/dns/resolv-conf.ts';
import { NO_DOCUMENTS } from '../src/kubelet/documents.ts';
import { mapLimited } from '../src/kubelet/limits.ts';
import { parseManifest } from '../src/kubelet/manifest/parse.ts';
import { gatherNode } from '../src/kubelet/node-facts.ts';
import { Notes } from '../src/kubelet/notes.ts';
import { runtimeFeatures } from '../src/kubelet/runtime-features.ts';
import { sandboxConfig } from '../src/kubelet/sandbox/config.ts';
import type { Pod } from '../src/kubelet/types.ts';
import { realHost } from '../src/kubelet/volumes/host.ts';
import { NODE_NAME } from './bench-agent.ts';
import type { PrivateContainerd } from './containerd.ts';
import { realEnv } from './env.ts';

const REMOVALS_AT_ONCE = 4;

/** A Pod whose requests are ready to be sent. */
export interface BarePod {
  readonly pod: Pod;
  readonly image: string;
  readonly sandbox: PodSandboxConfig;
  readonly container: ContainerConfig;
  sandboxId: string;
  containerId: string;
}

export interface Bare {
  readonly cri: Cri;
  /** For manifests of Pods with one container. */
  prepare(manifests: readonly string[]): Promise<BarePod[]>;
  /** All of them to running, `concurrency` at once. Resolves with how long that took, ms. */
  start(pods: readonly BarePod[], concurrency: number): Promise<number>;
  /** Resolves with how long it took to stop and remove them one after the other, ms; their files go afterwards. */
  stop(pods: readonly BarePod[], concurrency?: number): Promise<number>;
  close(): void;
}

export async function createBare(dir: string, containerd: PrivateContainerd): Promise<Bare> {
  const flags: Record<string, string> = {
    'root-dir': path.join(dir, 'root'),
    'pod-logs-dir': path.join(dir, 'logs'),
    'hostname-override': NODE_NAME,
    'node-ip': '127.0.0.1',
    'container-runtime-endpoint': containerd.endpoint,
    config: 'kubelet.yaml',
  };
  const configFile = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    cgroupRoot: containerd.cgroupRoot,
  };
  const { config } = loadConfig({
    flags: new Map(Object.entries(flags).map(([name, value]) => [name, [value]])),
    readFile: () => Buffer.from(JSON.stringify(configFile)),
    workingDirectory: dir,
    hostname: os.hostname(),
  });
  const env = realEnv();
  const client = createCriClient({ endpoints: [containerd.endpoint], imageEndpoint: '', env });
  const { cri } = client;
  const node = await gatherNode(config);
  const host = realHost({ rootDir: config.rootDir, podLogsDir: config.podLogsDir, env, node });
  const notes = new Notes();
  const { runtimeName, runtimeVersion } = await cri.version();
  const features = runtimeFeatures(runtimeName, runtimeVersion);
  const resolvConf = await readResolvConf(config.resolvConf);

  async function prepareOne(manifest: string): Promise<BarePod> {
    const origin = { kind: 'file', location: path.join(dir, 'bare.yaml') } as const;
    const { revisions, problems } = parseManifest(Buffer.from(manifest), origin, { nodeName: NODE_NAME });
    const [revision] = revisions;
    const container = revision?.pod.spec.containers[0];
    if (!revision || !container) throw new Error(`not a Pod: ${JSON.stringify(problems)}`);
    const { pod } = revision;
    const found = await cri.imageStatus(container.image);
    if (!found) throw new Error(`the image ${container.image} is missing`);
    notes.imagePresent(container.image, found);
    const startTimeMs = Date.now();
    const prepared = await host.preparePod(pod, NO_DOCUMENTS);
    return {
      pod,
      image: container.image,
      sandbox: sandboxConfig({ revision, attempt: 0, startTimeMs, node, resolvConf }),
      container: await composeContainer(
        { host, notes, node, features: () => features },
        {
          action: {
            kind: 'create-container',
            revision,
            sandbox: 'from-this-plan',
            sandboxAttempt: 0,
            startTimeMs,
            containerName: container.name,
            attempt: 0,
            restartCount: 0,
            backOffMs: 0,
            epoch: 0,
          },
          container,
          podIps: [],
          prepared,
          documents: NO_DOCUMENTS,
        },
      ),
      sandboxId: '',
      containerId: '',
    };
  }

  async function startOne(bare: BarePod): Promise<void> {
    await cri.imageStatus(bare.image);
    bare.sandboxId = await cri.runPodSandbox(bare.sandbox, '');
    await cri.podSandboxStatus(bare.sandboxId);
    bare.containerId = await cri.createContainer(bare.sandboxId, bare.container, bare.sandbox);
    await cri.startContainer(bare.containerId);
    const { state } = await cri.containerStatus(bare.containerId);
    if (state !== 'running') throw new Error(`${bare.pod.metadata.name} is ${state}`);
  }

  async function stopOne({ pod, sandboxId, containerId }: BarePod): Promise<void> {
    await cri.stopContainer(containerId, pod.spec.terminationGracePeriodSeconds);
    await cri.stopPodSandbox(sandboxId);
    await cri.removeContainer(containerId);
    await cri.removePodSandbox(sandboxId);
  }

  return {
    cri,
    prepare: (manifests) => Promise.all(manifests.map(prepareOne)),
    async start(pods, concurrency) {
      const beganMs = performance.now();
      await mapLimited(pods, concurrency, startOne);
      return performance.now() - beganMs;
    },
    async stop(pods, concurrency = REMOVALS_AT_ONCE) {
      const beganMs = performance.now();
      await mapLimited(pods, concurrency, stopOne);
      const tookMs = performance.now() - beganMs;
      for (const { pod } of pods) await host.removePod(pod.metadata);
      return tookMs;
    },
    close: () => client.close(),
  };
}
