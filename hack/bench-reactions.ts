/** How soon the agent does something about a change. */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type BenchAgent, freePorts, isRunning } from './bench-agent.ts';
import type { Bare } from './bench-bare.ts';
import { server } from './bench-pods.ts';
import { atMost, type Figure } from './bench-report.ts';
import { longestGap, median, showMs, summarize } from './bench-stats.ts';
import type { PrivateContainerd } from './containerd.ts';

const RESTART_LIMIT_MS = 50;
const REST_MS = 200;
const CONNECT_EVERY_MS = 2;

/** `names`: running Pods whose containers have never ended; `count` of them are killed. The agent must log its calls. */
export async function measureExits(
  agent: BenchAgent,
  containerd: PrivateContainerd,
  bare: Bare,
  names: readonly string[],
  count: number,
): Promise<Figure[]> {
  const begun: number[] = [];
  const again: number[] = [];
  for (const name of names.slice(0, count)) {
    const pid = await processOf(containerd, idOf(agent, name));
    await delay(REST_MS);
    const logged = agent.log.length;
    const killedMs = performance.now();
    process.kill(pid, 'SIGKILL');
    const runsMs = await agent.until(`${name} runs again`, (pods) => {
      const pod = pods.get(name);
      return isRunning(pod) && pod?.status?.containerStatuses?.[0]?.restartCount === 1;
    });
    again.push(runsMs - killedMs);
    const sentMs = firstCall(agent.log.slice(logged), 'CreateContainer');
    begun.push(sentMs - (performance.timeOrigin + killedMs));
  }
  const shown = await measureRuntimeKnows(containerd, bare, Math.min(count, 10));
  return [
    {
      what: 'SIGKILL of a container’s process to its restart begun (CreateContainer sent)',
      measured: `${showMs(summarize(begun))}, ${begun.length} exits among ${names.length} Pods; the runtime itself reports an exit after ${showMs(summarize(shown))}`,
      promise: atMost(median(begun), RESTART_LIMIT_MS, `≤ ${RESTART_LIMIT_MS} ms`),
    },
    { what: 'SIGKILL of a container’s process to Running again', measured: showMs(summarize(again)) },
  ];
}

/** When ContainerStatus says so at the earliest, to a client that asks without a pause. */
async function measureRuntimeKnows(containerd: PrivateContainerd, bare: Bare, count: number): Promise<number[]> {
  const samples: number[] = [];
  for (let sample = 0; sample < count; sample += 1) {
    const pods = await bare.prepare([server(`knows-${sample}`, '')]);
    await bare.start(pods, 1);
    const id = pods[0]?.containerId ?? '';
    const pid = await processOf(containerd, id);
    await delay(REST_MS);
    const killedMs = performance.now();
    process.kill(pid, 'SIGKILL');
    while ((await bare.cri.containerStatus(id)).state === 'running');
    samples.push(performance.now() - killedMs);
    await bare.stop(pods);
  }
  return samples;
}

/** A server that ends at once when it is told to, from the removal of its file to its last trace. */
export async function measureDeletes(agent: BenchAgent, bare: Bare, rounds: number): Promise<Figure[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const name = `deleted-${round}`;
    agent.put(new Map([[name, server(name, '')]]));
    await agent.untilRunning([name]);
    await delay(REST_MS);
    const beganMs = agent.remove([name]);
    ours.push((await agent.untilGone([name])) - beganMs);
    const pods = await bare.prepare([server(`bare-${name}`, '')]);
    await bare.start(pods, 1);
    await delay(REST_MS);
    theirs.push(await bare.stop(pods));
  }
  return [
    {
      what: 'Manifest removed to Pod gone, of a server that stops at once',
      measured: `${showMs(summarize(ours))} against ${showMs(summarize(theirs))} of the bare calls, ${rounds} rounds`,
    },
  ];
}

/** An edit replaces the Pod: how long a server on a hostPort cannot be connected to. */
export async function measureEdits(agent: BenchAgent, bare: Bare, rounds: number): Promise<Figure[]> {
  const gaps: number[] = [];
  const theirs: number[] = [];
  const [hostPort = 0, barePort = 0] = await freePorts(2);
  const name = 'edited';
  agent.put(new Map([[name, server(name, 'first', { hostPort })]]));
  await agent.untilRunning([name]);
  for (let round = 0; round < rounds; round += 1) {
    const before = idOf(agent, name);
    const client = connectAll(hostPort);
    await client.answered();
    agent.put(new Map([[name, server(name, `round ${round}`, { hostPort })]]));
    await agent.until('the edited Pod runs', (pods) => isRunning(pods.get(name)) && idOf(agent, name) !== before);
    await client.answered();
    gaps.push(longestGap(client.stop()));
    const pods = await bare.prepare([server(`bare-${name}-${round}`, '', { hostPort: barePort })]);
    const upMs = await bare.start(pods, 1);
    theirs.push(upMs + (await bare.stop(pods)));
  }
  agent.remove([name]);
  await agent.untilGone([name]);
  return [
    {
      what: 'An edit’s downtime: longest time without an answer of a server on a hostPort',
      measured: `${showMs(summarize(gaps))}; stopping and starting one by the bare calls takes ${showMs(summarize(theirs))}, ${rounds} rounds`,
    },
  ];
}

/** Connects again and again, never waiting for an attempt before the next. */
function connectAll(port: number) {
  const answers: number[] = [];
  const timer = setInterval(() => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('connect', () => {
      answers.push(performance.now());
      socket.destroy();
    });
  }, CONNECT_EVERY_MS);
  return {
    /** Resolves when an attempt succeeded after now. */
    async answered() {
      for (const before = answers.length; answers.length === before; ) await delay(CONNECT_EVERY_MS);
    },
    /** Instants of success. */
    stop(): number[] {
      clearInterval(timer);
      return answers;
    },
  };
}

/** A new agent over running Pods: from its start to an answer that shows every one of them. */
export async function measureAgentStarts(
  agent: BenchAgent,
  names: readonly string[],
  rounds: number,
): Promise<Figure[]> {
  const samples: number[] = [];
  const running = (body: string) => (JSON.parse(body) as { items: Parameters<typeof isRunning>[0][] }).items;
  for (let round = 0; round < rounds; round += 1) {
    await agent.kill();
    await delay(REST_MS);
    const beganMs = performance.now();
    await agent.launch();
    const shownMs = await agent.poll('/pods', ({ status, body }) => {
      const pods = status === 200 ? running(body) : [];
      return pods.length === names.length && pods.every(isRunning);
    });
    samples.push(shownMs - beganMs);
  }
  return [
    {
      what: `The agent’s start over ${names.length} running Pods to its first right answer`,
      measured: `${showMs(summarize(samples))}, ${rounds} rounds`,
    },
  ];
}

function idOf(agent: BenchAgent, name: string): string {
  return agent.pod(name)?.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
}

async function processOf(containerd: PrivateContainerd, containerId: string): Promise<number> {
  const line = (await containerd.ctr(['tasks', 'ls'])).split('\n').find((each) => each.startsWith(containerId));
  const pid = Number(line?.trim().split(/\s+/)[1]);
  if (containerId === '' || !Number.isInteger(pid)) throw new Error(`no process of container ${containerId}`);
  return pid;
}

/** When the first call of that name in the log was sent, wall-clock ms. */
function firstCall(log: string, call: string): number {
  for (const line of log.split('\n')) {
    if (!line.includes(`"call":"${call}"`)) continue;
    const { time, durationMs } = JSON.parse(line) as { time: string; durationMs: number };
    return Date.parse(time) - durationMs;
  }
  throw new Error(`the agent's log does not tell of ${call}`);
}
