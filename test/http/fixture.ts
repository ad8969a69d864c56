/** A hand-made state of one machine at NOW_MS. */
import type { Env } from '../../src/kubelet/env.ts';
import { EventRing } from '../../src/kubelet/events.ts';
import type { Node } from '../../src/kubelet/node.ts';
import type { MachineState } from '../../src/kubelet/node-pressure.ts';
import type { PodView, Published } from '../../src/kubelet/published.ts';
import { pressureConditions } from '../../src/kubelet/status/pressure.ts';
import { type ContainerStatus, type Pod, type PodStatus, podKey } from '../../src/kubelet/types.ts';
import type { ProbeReport } from '../../src/probes/types.ts';

export const NOW_MS = Date.parse('2026-11-20T12:00:00Z');
const MINUTE_MS = 60_000;
export const NODE = 'node-1';
/** Must never leave the endpoint. */
export const SECRET = 'hunter2-top-secret';

export const ago = (minutes: number): string =>
  new Date(NOW_MS - minutes * MINUTE_MS).toISOString().replace('.000Z', 'Z');

export const NODE_FACTS: Node = {
  name: NODE,
  ips: ['192.0.2.7'],
  rootDir: '/var/lib/rower',
  podLogsDir: '/var/log/pods',
  cgroupDriver: 'cgroupfs',
  cgroupVersion: 1,
  cgroupRoot: '/',
  cpuCFSQuota: true,
  cpuMillis: 2000,
  memoryBytes: 4 * 1024 ** 3,
  ephemeralStorageBytes: 2 ** 35,
  podPidsLimit: -1,
  seccompDefault: false,
  clusterDomain: 'cluster.local',
  clusterDNS: [],
  kernelVersion: '6.1.0',
  osImage: 'Debian GNU/Linux 12 (bookworm)',
  architecture: 'amd64',
  machineId: '0123456789abcdef0123456789abcdef',
  bootId: '01234567-89ab-cdef-0123-456789abcdef',
};

type Spec = Partial<Pod['spec']>;

/** A Pod's view with one container, `main`. `version`: of the Pod. */
export function podView(
  name: string,
  options: {
    namespace?: string;
    labels?: Record<string, string>;
    spec?: Spec;
    status?: PodStatus;
    version?: string;
    createdMinutesAgo?: number;
    annotations?: Record<string, string>;
    held?: string;
  } = {},
): PodView {
  const {
    namespace = 'default',
    labels,
    spec,
    status,
    version = '1',
    createdMinutesAgo = 90,
    annotations,
    held,
  } = options;
  const fullName = `${name}-${NODE}`;
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: fullName,
      namespace,
      uid: `uid-of-${name}`,
      resourceVersion: version,
      creationTimestamp: ago(createdMinutesAgo),
      annotations: { 'kubernetes.io/config.source': 'file', ...annotations },
      ...(labels && { labels }),
    },
    spec: {
      containers: [
        {
          name: 'main',
          image: 'localhost/idle:1',
          imagePullPolicy: 'IfNotPresent',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      nodeName: NODE,
      schedulerName: 'default-scheduler',
      ...spec,
    },
    status: status ?? running([containerStatus('main')]),
  };
  return {
    key: podKey(namespace, fullName),
    pod,
    origin: { kind: 'file', location: `/etc/pods/${name}.yaml` },
    waits: [],
    ...(held && { held }),
  };
}

export function containerStatus(name: string, options: Partial<ContainerStatus> = {}): ContainerStatus {
  return {
    name,
    state: { running: { startedAt: ago(80) } },
    lastState: {},
    ready: true,
    restartCount: 0,
    image: 'localhost/idle:1',
    imageID: 'localhost/idle@sha256:00',
    started: true,
    ...options,
  };
}

export function running(containerStatuses: ContainerStatus[], podIp = '10.88.0.5'): PodStatus {
  return {
    phase: 'Running',
    conditions: [
      { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: ago(85) },
      { type: 'Initialized', status: 'True', lastTransitionTime: ago(85) },
      { type: 'Ready', status: 'True', lastTransitionTime: ago(80) },
      { type: 'ContainersReady', status: 'True', lastTransitionTime: ago(80) },
      { type: 'PodScheduled', status: 'True', lastTransitionTime: ago(90) },
    ],
    hostIP: '192.0.2.7',
    hostIPs: [{ ip: '192.0.2.7' }],
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    startTime: ago(90),
    containerStatuses,
    qosClass: 'BestEffort',
  };
}

const main = {
  name: 'main',
  image: 'localhost/idle:1',
  imagePullPolicy: 'IfNotPresent',
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
} as const;

/** A running web server with secrets all over, a finished job, one that waits for its init, one that crashes. */
export function samplePods(): PodView[] {
  const httpGet = { path: '/', port: 80, httpHeaders: [{ name: 'Authorization', value: SECRET }] };
  return [
    podView('boot', {
      createdMinutesAgo: 0.5,
      labels: { app: 'boot' },
      spec: { initContainers: [{ ...main, name: 'first' }] },
      status: {
        phase: 'Pending',
        startTime: ago(0.5),
        initContainerStatuses: [containerStatus('first', { ready: false, started: false })],
        containerStatuses: [
          containerStatus('main', { ready: false, started: false, state: { waiting: { reason: 'PodInitializing' } } }),
        ],
      },
    }),
    podView('job', {
      createdMinutesAgo: 60 * 24 * 3 + 120,
      labels: { app: 'job', tier: 'back' },
      spec: { restartPolicy: 'Never' },
      status: {
        phase: 'Succeeded',
        podIP: '10.88.0.6',
        podIPs: [{ ip: '10.88.0.6' }],
        startTime: ago(100),
        containerStatuses: [
          containerStatus('main', {
            ready: false,
            started: false,
            state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: ago(99), finishedAt: ago(98) } },
          }),
        ],
      },
    }),
    podView('web', {
      labels: { app: 'web', tier: 'front' },
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"password":"${SECRET}"}` },
      spec: {
        hostNetwork: false,
        containers: [
          {
            ...main,
            env: [
              { name: 'PASSWORD', value: SECRET },
              { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
            ],
            ports: [{ containerPort: 80, hostPort: 18080, protocol: 'TCP' }],
            livenessProbe: { httpGet },
            readinessProbe: { httpGet },
            startupProbe: { httpGet },
            lifecycle: { postStart: { httpGet }, preStop: { httpGet } },
          },
        ],
        initContainers: [{ ...main, name: 'setup', restartPolicy: 'Always', env: [{ name: 'TOKEN', value: SECRET }] }],
      },
      status: {
        ...running([
          containerStatus('main', {
            restartCount: 2,
            lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt: ago(30), finishedAt: ago(12) } },
          }),
        ]),
        initContainerStatuses: [containerStatus('setup')],
      },
      held: `line 3: broken\n${SECRET}`,
    }),
    podView('crash', {
      namespace: 'kube-system',
      labels: { app: 'crash' },
      status: {
        ...running([
          containerStatus('main', {
            ready: false,
            restartCount: 7,
            state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' } },
            lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt: ago(5), finishedAt: ago(4) } },
          }),
        ]),
        podIP: '10.88.0.9',
        podIPs: [{ ip: '10.88.0.9' }],
      },
    }),
  ];
}

export function published(pods: readonly PodView[] = samplePods(), changes: Partial<Published> = {}): Published {
  return {
    resourceVersion: '1000',
    atMs: NOW_MS - MINUTE_MS,
    node: NODE_FACTS,
    startedAtMs: NOW_MS - 120 * MINUTE_MS,
    runtime: { ready: true, name: 'containerd', version: '1.6.20', networkReady: true, message: '' },
    sourcesKnown: true,
    pods,
    problems: [
      {
        origin: { kind: 'file', location: '/etc/pods/broken.yaml' },
        problem: {
          severity: 'error',
          field: 'spec.containers[0].image',
          message: `Required value\n${SECRET}`,
          line: 4,
          column: 7,
          excerpt: SECRET,
        },
      },
      {
        origin: { kind: 'http', location: `http://user:${SECRET}@192.0.2.1/pods.yaml?token=${SECRET}` },
        problem: { severity: 'warning', field: '', message: 'unknown field' },
      },
    ],
    ...changes,
  };
}

export function sampleEvents(env: Env): EventRing {
  const ring = new EventRing(env);
  const web = { kind: 'Pod', namespace: 'default', name: `web-${NODE}`, uid: 'uid-of-web' } as const;
  ring.record({ ...web, fieldPath: 'spec.containers{main}' }, 'Normal', 'Started', 'Started container main');
  ring.record({ ...web, fieldPath: 'spec.containers{main}' }, 'Normal', 'Started', 'Started container main');
  const problem = `http://user:${SECRET}@192.0.2.1/pods.yaml?token=${SECRET}: unknown field`;
  ring.record({ kind: 'Node', namespace: '', name: NODE, uid: NODE }, 'Warning', 'ManifestWarning', problem);
  return ring;
}

/** With room for everything but process ids. */
export function sampleMachine(): MachineState {
  const rooms = {
    'memory.available': { available: 2 ** 31, capacity: 2 ** 32 },
    'nodefs.available': { available: 2 ** 34, capacity: 2 ** 35 },
    'pid.available': { available: 100, capacity: 32768 },
  };
  const thresholds = { 'memory.available': '100Mi', 'nodefs.available': '10%', 'pid.available': '5%' };
  const nowMs = NOW_MS - 30 * MINUTE_MS;
  const conditions = pressureConditions({ thresholds, rooms, before: [], nowMs, transitionMs: 0 });
  return { conditions };
}

/** Of the web server: ready, and its liveness probe has failed once. */
export function sampleProbes(): ProbeReport[] {
  const common = {
    key: podKey('default', `web-${NODE}`),
    container: 'main',
    containerId: 'web-0',
    kind: 'httpGet',
    durationMs: 3,
    threshold: 3,
  } as const;
  return [
    { ...common, type: 'readiness', result: 'success', output: SECRET, atMs: NOW_MS - 4000, run: 3 },
    {
      ...common,
      type: 'liveness',
      result: 'failure',
      output: 'HTTP probe failed with statuscode: 503\nmore',
      atMs: NOW_MS - 9000,
      run: 1,
    },
  ];
}
