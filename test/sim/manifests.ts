/** Random Pods as manifest text: small, but with everything that makes Pods interfere with each other. */
import type { Random } from './random.ts';

const LOOP = 'while :; do sleep 0.1; done';

/** What a container of the simulation does. */
const SCRIPTS: readonly ((random: Random) => string)[] = [
  () => `trap "exit 0" TERM; ${LOOP}`,
  () => `trap "exit 0" TERM; ${LOOP}`,
  (random) => `trap "sleep ${random.between(1, 20)}; exit 0" TERM; ${LOOP}`,
  () => LOOP,
  () => 'exit 0',
  () => 'exit 1',
  (random) => `sleep ${random.between(1, 120)}; exit ${random.between(0, 2)}`,
  (random) => `sleep ${random.between(100, 3000)}; exit 1`,
];

const CPUS = ['100m', '250m', '500m', '1', '1500m', '3'];
const MEMORIES = ['32Mi', '64Mi', '128Mi'];

/** Requests and limits of one of three kinds, which a resize keeps; `kind` 0 is none. */
function amounts(random: Random, kind: number) {
  const [cpu, memory] = [random.pick(CPUS), random.pick(MEMORIES)];
  if (kind === 1) return { requests: { cpu } };
  if (kind === 2) return { requests: { cpu, memory: '16Mi' }, limits: { memory } };
  return { limits: { cpu, memory } };
}

/** As `randomPod` made it, with other amounts; the same text when it has none or is more than one Pod. */
export function resized(random: Random, text: string): string {
  if (text.includes('---')) return text;
  const pod = JSON.parse(text) as { spec: { containers: { resources?: { requests?: object; limits?: object } }[] } };
  for (const container of pod.spec.containers) {
    const { requests, limits } = container.resources ?? {};
    if (container.resources) container.resources = amounts(random, !limits ? 1 : requests ? 2 : 3);
  }
  return `${JSON.stringify(pod, null, 1)}\n`;
}

const PRIORITIES = [
  { priority: -5 },
  { priority: 500 },
  { priority: 1500 },
  { priorityClassName: 'system-node-critical' },
  { priorityClassName: 'system-cluster-critical' },
];

export interface Vocabulary {
  readonly images: readonly string[];
  /** Few, so that Pods collide. */
  readonly hostPorts: readonly number[];
}

export interface PodDraft {
  name: string;
  /** Changes with every edit. */
  text: string;
}

/** Init containers that end soon, one that never does, and sidecars. */
function randomInit(random: Random, vocabulary: Vocabulary, count: number) {
  return Array.from({ length: count }, (_, index) => {
    const sidecar = random.chance(0.4);
    const script = sidecar
      ? random.pick(SCRIPTS)?.(random)
      : random.pick(['exit 0', 'exit 0', 'sleep 20; exit 0', 'exit 1']);
    return {
      name: `i${index}`,
      image: random.pick(vocabulary.images),
      command: ['sh', '-c', script ?? ''],
      ...(sidecar && { restartPolicy: 'Always' }),
    };
  });
}

function randomProbes(random: Random) {
  const probe = () => ({
    exec: { command: ['sh', '-c', random.pick(['exit 0', 'exit 0', 'exit 1', 'sleep 3; exit 0'])] },
    periodSeconds: random.between(5, 60),
  });
  return {
    ...(random.chance(0.5) && { readinessProbe: probe() }),
    ...(random.chance(0.2) && { livenessProbe: probe() }),
    ...(random.chance(0.2) && { startupProbe: { ...probe(), failureThreshold: 3 } }),
  };
}

function randomHooks(random: Random) {
  const exec = () => ({ exec: { command: ['sh', '-c', random.pick(['exit 0', 'sleep 3; exit 0', 'exit 1'])] } });
  const hook = () => (random.chance(0.5) ? { sleep: { seconds: random.between(1, 10) } } : exec());
  return {
    lifecycle: { ...(random.chance(0.3) && { postStart: exec() }), ...(random.chance(0.7) && { preStop: hook() }) },
  };
}

/** Some of the containers ask for cpu and memory. */
function withAmounts(random: Random, containers: readonly object[], restartPolicy: string | undefined): object[] {
  return containers.map((container) => {
    const kind = random.pick([0, 0, 1, 2, 3]) ?? 0;
    const restarts = restartPolicy !== 'Never' && random.chance(0.2);
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    return kind === 0
      ? container
      : { ...container, resources: amounts(random, kind), ...(restarts && { resizePolicy }) };
  });
}

/** A Pod called `name`; two calls in a row differ, so writing it again is an edit. */
export function randomPod(random: Random, name: string, vocabulary: Vocabulary): PodDraft {
  const count = random.pick([1, 1, 1, 2, 3]);
  const hostNetwork = random.chance(0.1);
  const containers = Array.from({ length: count }, (_, index) => {
    const command = random.chance(0.05) ? ['/missing'] : ['sh', '-c', random.pick(SCRIPTS)?.(random) ?? ''];
    const hostPort = index === 0 && random.chance(0.3) ? random.pick(vocabulary.hostPorts) : undefined;
    return {
      name: `c${index}`,
      image: random.pick(vocabulary.images),
      imagePullPolicy: random.pick(['IfNotPresent', 'IfNotPresent', 'IfNotPresent', 'Always', 'Never']),
      command,
      ...(hostPort !== undefined && { ports: [{ containerPort: hostNetwork ? hostPort : 80, hostPort }] }),
      ...(random.chance(0.2) && { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] }),
      ...(random.chance(0.15) && randomProbes(random)),
      ...(random.chance(0.1) && randomHooks(random)),
    };
  });
  const initContainers = random.chance(0.2) ? randomInit(random, vocabulary, random.between(1, 2)) : [];
  const volumes = containers.some((container) => 'volumeMounts' in container)
    ? [{ name: 'scratch', emptyDir: {} }]
    : [];
  const edit = String(random.between(0, 1e9));
  const restartPolicy = random.pick(['Always', 'Always', 'Always', 'OnFailure', 'Never']);
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { edit } },
    spec: {
      restartPolicy,
      terminationGracePeriodSeconds: random.pick([0, 1, 5, 30, 30, 120]),
      ...(hostNetwork && { hostNetwork }),
      ...(random.chance(0.4) && random.pick(PRIORITIES)),
      ...(initContainers.length > 0 && { initContainers }),
      containers: withAmounts(random.child(`amounts ${edit}`), containers, restartPolicy),
      ...(volumes.length > 0 && { volumes }),
    },
  };
  return { name, text: `${JSON.stringify(pod, null, 1)}\n` };
}

/** Ways to spoil a file: some are not YAML, some are not a Pod, some are a Pod that is not allowed. */
export function broken(random: Random, text: string): string {
  return random.pick([
    `${text.slice(0, Math.floor(text.length / 2))}`,
    `${text}\u0000`,
    text.replace('"kind": "Pod"', '"kind": "Prod"'),
    text.replace('"name": "c0"', '"name": "C_0"'),
    '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": []}}',
  ]);
}
