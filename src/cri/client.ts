/** A container runtime behind a unix socket as `Cri` and `RuntimeEvents`. */
import type { Client, ServiceDefinition } from '@grpc/grpc-js';
import type { Env } from '../kubelet/env.ts';
import { unary } from './channel.ts';
import {
  fromContainerConfig,
  toCgroupDriver,
  toContainer,
  toContainerStatus,
  toFilesystemUsage,
  toImage,
  toRuntimeStatus,
  toSandbox,
  toSandboxImage,
  toSandboxStatus,
  toSpecResources,
} from './convert.ts';
import { changeMs, execSyncMs, pullImageMs, questionMs, runPodSandboxMs, stopContainerMs } from './deadlines.ts';
import { createEndpoints, type Endpoint, type Endpoints } from './endpoints.ts';
import { createRuntimeEvents } from './events.ts';
import { type Cri, CriError, type RuntimeEvents } from './port.ts';
import { loadServices, method } from './services.ts';
import {
  type CriStats,
  toContainerStats,
  toSandboxStats,
  type WireContainerStats,
  type WireSandboxStats,
} from './stats.ts';
import type {
  ContainerStatusResponse,
  RuntimeConfigResponse,
  StatusResponse,
  VersionResponse,
  WireContainer,
  WireExecSyncResponse,
  WireFilesystemUsage,
  WireImage,
  WirePodSandbox,
  WirePodSandboxStatus,
} from './wire.ts';

export interface CriClientOptions {
  /** `unix:///path`, tried in order until one answers. */
  endpoints: string[];
  /** The image service's; empty: the same as the runtime's. */
  imageEndpoint: string;
  env: Env;
  /** Told of every call that ended; `call` is the CRI method. */
  onCall?: (call: string, durationMs: number, failed: boolean) => void;
  /** Default: an hour. */
  pullTimeoutMs?: number;
}

export interface CriClient {
  cri: Cri;
  stats: CriStats;
  events: RuntimeEvents;
  /** The runtime's endpoint in use; the first one as long as none was. */
  endpoint(): string;
  /** Running calls are left to end; later ones fail with `unavailable`. */
  close(): void;
}

/** How long a look whether somebody is there may take. */
const askMs = 10_000;

/** Connects nowhere yet: the first call does. */
export function createCriClient(options: CriClientOptions): CriClient {
  const { env } = options;
  const services = loadServices();
  const version = method(services.runtime, 'Version');
  let closed = false;
  let hidesResources = false;

  const ask = (channel: Client) => unary(channel, version, {}, { env, call: 'Version', deadlineMs: askMs });
  const answers = async ({ channel }: Endpoint) => void (await ask(channel));
  const runtime = createEndpoints(options.endpoints, env, answers);
  const image = options.imageEndpoint === '' ? runtime : createEndpoints([options.imageEndpoint], env, answers);

  async function request<Answer>(
    endpoints: Endpoints,
    service: ServiceDefinition,
    call: string,
    message: object,
    deadlineMs: number | undefined,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const startMs = env.monotonicMs();
    let failed = true;
    try {
      if (closed) throw new CriError('unavailable', call, 'the client is closed');
      const endpoint = await endpoints.pick(call);
      try {
        const answer = await unary<Answer>(endpoint.channel, method(service, call), message, {
          env,
          call,
          deadlineMs,
          signal,
        });
        endpoints.answered(endpoint);
        failed = false;
        return answer;
      } catch (error) {
        if (error instanceof CriError && error.code === 'unavailable') endpoints.failed(endpoint);
        throw error;
      }
    } finally {
      options.onCall?.(call, env.monotonicMs() - startMs, failed);
    }
  }

  const onRuntime = <Answer>(call: string, message: object, deadlineMs: number | undefined, signal?: AbortSignal) =>
    request<Answer>(runtime, services.runtime, call, message, deadlineMs, signal);
  const onImages = <Answer>(call: string, message: object, deadlineMs: number, signal?: AbortSignal) =>
    request<Answer>(image, services.image, call, message, deadlineMs, signal);

  const cri: Cri = {
    async version() {
      const { runtimeName, runtimeVersion } = await onRuntime<VersionResponse>('Version', {}, questionMs);
      return { runtimeName, runtimeVersion };
    },
    async status() {
      return toRuntimeStatus(await onRuntime<StatusResponse>('Status', {}, questionMs));
    },
    async sandboxImage() {
      const { info } = await onRuntime<StatusResponse>('Status', { verbose: true }, questionMs);
      return toSandboxImage(info);
    },
    async cgroupDriver() {
      try {
        const { linux } = await onRuntime<RuntimeConfigResponse>('RuntimeConfig', {}, questionMs);
        return linux ? toCgroupDriver(linux.cgroupDriver) : undefined;
      } catch (error) {
        if (error instanceof CriError && error.code === 'unimplemented') return undefined;
        throw error;
      }
    },

    async listPodSandboxes(labels) {
      const message = { filter: { labelSelector: labels } };
      const { items } = await onRuntime<{ items: WirePodSandbox[] }>('ListPodSandbox', message, questionMs);
      return items.map(toSandbox);
    },
    async podSandboxStatus(id) {
      const call = 'PodSandboxStatus';
      const { status } = await onRuntime<{ status: WirePodSandboxStatus | null }>(
        call,
        { podSandboxId: id },
        questionMs,
      );
      return toSandboxStatus(present(status, call));
    },
    async runPodSandbox(config, runtimeHandler, signal) {
      const call = 'RunPodSandbox';
      const { podSandboxId } = await onRuntime<{ podSandboxId: string }>(
        call,
        { config, runtimeHandler },
        runPodSandboxMs,
        signal,
      );
      return present(podSandboxId, call);
    },
    async stopPodSandbox(id) {
      await onRuntime('StopPodSandbox', { podSandboxId: id }, changeMs);
    },
    async removePodSandbox(id) {
      await onRuntime('RemovePodSandbox', { podSandboxId: id }, changeMs);
    },

    async listContainers(labels) {
      const message = { filter: { labelSelector: labels } };
      const { containers } = await onRuntime<{ containers: WireContainer[] }>('ListContainers', message, questionMs);
      return containers.map(toContainer);
    },
    async containerStatus(id, { resources = false } = {}) {
      const call = 'ContainerStatus';
      const ask = (verbose: boolean) =>
        onRuntime<ContainerStatusResponse>(call, { containerId: id, ...(verbose && { verbose }) }, questionMs);
      const brief =
        resources && hidesResources ? undefined : toContainerStatus(present((await ask(false)).status, call));
      if (brief && (!resources || brief.resources || brief.state !== 'running')) return brief;
      // Before containerd 1.7 only the long answer tells.
      hidesResources = true;
      const { status, info } = await ask(true);
      const found = toSpecResources(info);
      return { ...toContainerStatus(present(status, call)), ...(found && { resources: found }) };
    },
    async createContainer(sandboxId, config, sandboxConfig, signal) {
      const call = 'CreateContainer';
      const message = { podSandboxId: sandboxId, config: fromContainerConfig(config), sandboxConfig };
      const { containerId } = await onRuntime<{ containerId: string }>(call, message, changeMs, signal);
      return present(containerId, call);
    },
    async startContainer(id, signal) {
      await onRuntime('StartContainer', { containerId: id }, changeMs, signal);
    },
    async stopContainer(id, timeoutSeconds, signal) {
      const message = { containerId: id, timeout: timeoutSeconds };
      await onRuntime('StopContainer', message, stopContainerMs(timeoutSeconds), signal);
    },
    async removeContainer(id) {
      await onRuntime('RemoveContainer', { containerId: id }, changeMs);
    },
    async updateContainerResources(id, resources) {
      await onRuntime('UpdateContainerResources', { containerId: id, linux: resources }, changeMs);
    },
    async reopenContainerLog(id) {
      await onRuntime('ReopenContainerLog', { containerId: id }, changeMs);
    },
    async execSync(id, command, timeoutSeconds, signal) {
      const message = { containerId: id, cmd: command, timeout: timeoutSeconds };
      const answer = await onRuntime<WireExecSyncResponse>('ExecSync', message, execSyncMs(timeoutSeconds), signal);
      return { stdout: answer.stdout, stderr: answer.stderr, exitCode: answer.exitCode };
    },

    async imageStatus(name) {
      const message = { image: { image: name } };
      const answer = await onImages<{ image: WireImage | null }>('ImageStatus', message, questionMs);
      return answer.image ? toImage(answer.image) : undefined;
    },
    async listImages() {
      const { images } = await onImages<{ images: WireImage[] }>('ListImages', {}, questionMs);
      return images.map(toImage);
    },
    async pullImage(name, auth, sandboxConfig, signal) {
      const call = 'PullImage';
      const message = { image: { image: name }, auth, sandboxConfig };
      const deadlineMs = options.pullTimeoutMs ?? pullImageMs;
      const { imageRef } = await onImages<{ imageRef: string }>(call, message, deadlineMs, signal);
      return present(imageRef, call);
    },
    async removeImage(name) {
      await onImages('RemoveImage', { image: { image: name } }, changeMs);
    },
    async imageFsInfo() {
      const { imageFilesystems } = await onImages<{ imageFilesystems: WireFilesystemUsage[] }>(
        'ImageFsInfo',
        {},
        questionMs,
      );
      return imageFilesystems.map(toFilesystemUsage);
    },
  };

  const stats: CriStats = {
    async listContainerStats(labels) {
      const message = { filter: { labelSelector: labels } };
      const answer = await onRuntime<{ stats: WireContainerStats[] }>('ListContainerStats', message, questionMs);
      return answer.stats.map(toContainerStats);
    },
    async listPodSandboxStats(labels) {
      const message = { filter: { labelSelector: labels } };
      const answer = await onRuntime<{ stats: WireSandboxStats[] }>('ListPodSandboxStats', message, questionMs);
      return answer.stats.map(toSandboxStats);
    },
  };

  return {
    cri,
    stats,
    events: createRuntimeEvents({
      env,
      services,
      cri,
      ask,
      pick: async () => (await runtime.pick('Subscribe')).channel,
    }),
    endpoint: () => runtime.current().address,
    close() {
      closed = true;
      runtime.close();
      if (image !== runtime) image.close();
    },
  };
}

/** An answer without its one field is a runtime's fault; better said here than as a TypeError later. */
function present<T>(value: T, call: string): NonNullable<T> {
  if (value === null || value === undefined || value === '')
    throw new CriError('other', call, `the runtime's answer to ${call} is empty`);
  return value;
}
