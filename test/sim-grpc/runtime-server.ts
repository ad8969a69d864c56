/** The fake runtime behind a real gRPC server: what `src/cri` says over a socket, and what containerd would answer. */
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js';
import {
  type AuthConfig,
  type ContainerConfig,
  type ContainerStatus,
  type Cri,
  CriError,
  type CriErrorCode,
  type Image,
  type LinuxContainerResources,
  type PodSandboxConfig,
  type RuntimeHint,
} from '../../src/cri/port.ts';
import { loadServices } from '../../src/cri/services.ts';
import { encode, grpcError } from '../cri/server.ts';
import { Life } from '../sim/agent-life.ts';
import { fakeCri } from '../sim/fake-cri.ts';
import type { FakeRuntime } from '../sim/fake-runtime.ts';
import { Faults, NO_FAULTS } from '../sim/faults.ts';
import { Random } from '../sim/random.ts';

type Row = (cri: Cri, request: never, signal: AbortSignal) => Promise<object>;
type Stream = ServerWritableStream<object, object>;
type Filtered = { filter: { labelSelector: Record<string, string> } | null };

/** How a call is answered: `usual` carries it out and resolves with its message. Bytes are sent as they are. */
export type Answer = (method: string, usual: () => Promise<object>) => Promise<object>;

const CODES: Readonly<Record<CriErrorCode, status>> = {
  unavailable: status.UNAVAILABLE,
  'not-found': status.NOT_FOUND,
  deadline: status.DEADLINE_EXCEEDED,
  unimplemented: status.UNIMPLEMENTED,
  cancelled: status.CANCELLED,
  other: status.UNKNOWN,
};

const nanoseconds = (ms: number | undefined) => Math.round((ms ?? 0) * 1e6);
const labelsOf = ({ filter }: Filtered) => filter?.labelSelector ?? {};
const nothing = async (done: Promise<unknown>) => {
  await done;
  return {};
};

const ROWS: Readonly<Record<string, Row>> = {
  Version: async (cri) => cri.version(),
  Status: async (cri) => ({ status: await cri.status() }),
  ListPodSandbox: async (cri, request: Filtered) => ({
    items: (await cri.listPodSandboxes(labelsOf(request))).map(({ createdAtMs, state, ...sandbox }) => ({
      ...sandbox,
      state: `SANDBOX_${state.toUpperCase()}`,
      createdAt: nanoseconds(createdAtMs),
    })),
  }),
  PodSandboxStatus: async (cri, { podSandboxId }: { podSandboxId: string }) => {
    const { id, state, ips } = await cri.podSandboxStatus(podSandboxId);
    const [ip = '', ...more] = ips;
    const network = { ip, additionalIps: more.map((one) => ({ ip: one })) };
    return { status: { id, state: `SANDBOX_${state.toUpperCase()}`, network } };
  },
  RunPodSandbox: async (
    cri,
    { config, runtimeHandler }: { config: PodSandboxConfig; runtimeHandler: string },
    signal,
  ) => ({
    podSandboxId: await cri.runPodSandbox(config, runtimeHandler, signal),
  }),
  StopPodSandbox: (cri, { podSandboxId }: { podSandboxId: string }) => nothing(cri.stopPodSandbox(podSandboxId)),
  RemovePodSandbox: (cri, { podSandboxId }: { podSandboxId: string }) => nothing(cri.removePodSandbox(podSandboxId)),
  ListContainers: async (cri, request: Filtered) => ({
    containers: (await cri.listContainers(labelsOf(request))).map(
      ({ sandboxId, image, state, createdAtMs, ...rest }) => ({
        ...rest,
        podSandboxId: sandboxId,
        image: { image },
        state: `CONTAINER_${state.toUpperCase()}`,
        createdAt: nanoseconds(createdAtMs),
      }),
    ),
  }),
  ContainerStatus: async (cri, { containerId }: { containerId: string }) => ({
    status: statusOf(await cri.containerStatus(containerId)),
  }),
  CreateContainer: async (
    cri,
    request: { podSandboxId: string; config: WireConfig; sandboxConfig: PodSandboxConfig },
    signal,
  ) => ({
    containerId: await cri.createContainer(
      request.podSandboxId,
      configOf(request.config),
      request.sandboxConfig,
      signal,
    ),
  }),
  StartContainer: (cri, { containerId }: { containerId: string }, signal) =>
    nothing(cri.startContainer(containerId, signal)),
  StopContainer: (cri, { containerId, timeout }: { containerId: string; timeout: number }, signal) =>
    nothing(cri.stopContainer(containerId, timeout, signal)),
  RemoveContainer: (cri, { containerId }: { containerId: string }) => nothing(cri.removeContainer(containerId)),
  UpdateContainerResources: (cri, { containerId, linux }: { containerId: string; linux: LinuxContainerResources }) =>
    nothing(cri.updateContainerResources(containerId, linux)),
  ImageStatus: async (cri, { image }: { image: { image: string } }) => {
    const found = await cri.imageStatus(image.image);
    return found ? { image: imageOf(found) } : {};
  },
  ListImages: async (cri) => ({ images: (await cri.listImages()).map(imageOf) }),
  PullImage: async (
    cri,
    request: { image: { image: string }; auth?: AuthConfig; sandboxConfig: PodSandboxConfig },
    signal,
  ) => ({
    imageRef: await cri.pullImage(request.image.image, request.auth, request.sandboxConfig, signal),
  }),
  RemoveImage: (cri, { image }: { image: { image: string } }) => nothing(cri.removeImage(image.image)),
  ImageFsInfo: async () => ({ imageFilesystems: [] }),
};

type WireConfig = Omit<ContainerConfig, 'envs'> & { envs: { key: string; value: Uint8Array }[] };

function configOf({ envs, ...config }: WireConfig): ContainerConfig {
  // What was not sent is decoded as zero.
  const sent = Object.entries(config.linux.resources).filter(([, value]) => value !== 0 && value !== '');
  const linux = { ...config.linux, resources: Object.fromEntries(sent) };
  return { ...config, linux, envs: envs.map(({ key, value }) => ({ key, value: Buffer.from(value).toString() })) };
}

function statusOf({
  createdAtMs,
  startedAtMs,
  finishedAtMs,
  state,
  image,
  resources,
  ...rest
}: ContainerStatus): object {
  return {
    ...rest,
    image: { image },
    state: `CONTAINER_${state.toUpperCase()}`,
    createdAt: nanoseconds(createdAtMs),
    startedAt: nanoseconds(startedAtMs),
    finishedAt: nanoseconds(finishedAtMs),
    ...(resources && { resources: { linux: resources } }),
  };
}

function imageOf({ sizeBytes, uid, ...image }: Image): object {
  return { ...image, size: sizeBytes, ...(uid !== undefined && { uid: { value: uid } }) };
}

export class RuntimeServer {
  /** Carries every call out, unless a test sets another. */
  answer: Answer = (_method, usual) => usual();
  /** Hints are sent; off: streams stand and say nothing. */
  tells = true;
  readonly #cri: Cri;
  readonly #streams = new Set<Stream>();
  readonly #server = new Server({ 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1 });

  constructor(runtime: FakeRuntime) {
    this.#cri = fakeCri(runtime, new Faults(new Random('server'), NO_FAULTS, false), new Life());
    const { runtime: calls, image, containerdEvents } = loadServices();
    for (const service of [calls, image]) this.#server.addService(raw(service), this.#handlers(service));
    const subscribe: handleServerStreamingCall<object, object> = (stream) => {
      this.#streams.add(stream);
      stream.on('cancelled', () => this.#streams.delete(stream));
    };
    this.#server.addService(containerdEvents, { Subscribe: subscribe });
    runtime.onHint((hint) => {
      if (this.tells) for (const stream of this.#streams) stream.write(envelope(hint));
    });
  }

  /** Streams of events that stand. */
  get streams(): number {
    return this.#streams.size;
  }

  async listen(socket: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  endStreams(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #handlers(service: ServiceDefinition): Record<string, handleUnaryCall<object, object>> {
    const unary = Object.entries(service).filter(([, { responseStream }]) => !responseStream);
    return Object.fromEntries(unary.map(([method]) => [method, this.#handler(method)]));
  }

  #handler(method: string): handleUnaryCall<object, object> {
    return (call, callback) => {
      const gone = new AbortController();
      call.on('cancelled', () => gone.abort());
      const usual = async () => {
        const row = ROWS[method];
        if (!row) throw new CriError('unimplemented', method, `unknown method ${method}`);
        return row(this.#cri, call.request as never, gone.signal);
      };
      this.answer(method, usual).then(
        (message) => callback(null, message),
        (error: Error) =>
          callback(error instanceof CriError ? grpcError(CODES[error.code], error.message) : (error as never)),
      );
    };
  }
}

/** The same service; bytes in place of a message are its answer as they are. */
function raw(service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const { responseSerialize } = method as MethodDefinition<object, object>;
    const serialize = (message: object) =>
      message instanceof Uint8Array ? Buffer.from(message) : responseSerialize(message);
    return [name, { ...method, responseSerialize: serialize }];
  });
  return Object.fromEntries(methods);
}

const TASKS: Partial<Record<RuntimeHint['kind'], readonly [topic: string, type: string]>> = {
  started: ['start', 'TaskStart'],
  exited: ['exit', 'TaskExit'],
  oom: ['oom', 'TaskOOM'],
  deleted: ['delete', 'TaskDelete'],
};

/** containerd's message for it. */
function envelope({ kind, containerId, end }: RuntimeHint): object {
  const [topic = '', type = ''] = TASKS[kind] ?? [];
  const exitedAtMs = end?.finishedAtMs ?? 0;
  const exitedAt = { seconds: Math.floor(exitedAtMs / 1000), nanos: Math.round((exitedAtMs % 1000) * 1e6) };
  const value = encode(`containerd.events.${type}`, {
    ...{ containerId, id: containerId },
    ...(end && { exitStatus: end.exitCode, exitedAt }),
  });
  return { namespace: 'k8s.io', topic: `/tasks/${topic}`, event: { type_url: `containerd.events.${type}`, value } };
}
