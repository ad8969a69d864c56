/** Whether the agent grows: thousands of containers that end and are started again, with its memory looked at on the way. */
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchAgent } from './bench-agent.ts';
import { short } from './bench-pods.ts';
import { atMost, type Figure } from './bench-report.ts';
import { median } from './bench-stats.ts';

/** Restarts come as fast as they may. */
export const SOAK_SETTINGS = 'crashLoopBackOff: {maxContainerRestartPeriod: 1s}\n';
/** Looks at its memory, evenly over the restarts; a third of them are before, a third after. */
const LOOKS = 12;
const SCRAPES = 5;
const GROWTH_LIMIT_MB = 2;
/** Names, labels and code of everything that happens have been seen once by then. */
const WARM_UP = 0.1;

export interface SoakScale {
  readonly pods: number;
  readonly restarts: number;
}

interface Look {
  readonly residentMb: number;
  readonly privateMb: number;
  readonly heapMb: number;
}

export async function measureSoak(
  agent: BenchAgent,
  { pods, restarts }: SoakScale,
  log: (line: string) => void,
): Promise<Figure[]> {
  const names = Array.from({ length: pods }, (_, index) => `soak-${index}`);
  agent.put(new Map(names.map((name) => [name, short(name)])));
  const done = () => names.reduce((sum, name) => sum + restartsOf(agent, name), 0);
  const began = performance.now();
  const looks: Look[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    const goal = restarts * (WARM_UP + ((1 - WARM_UP) * look) / (LOOKS - 1));
    while (done() < goal) await delay(200);
    looks.push(await lookAt(agent));
    log(`${done()} restarts: ${JSON.stringify(looks.at(-1))}`);
  }
  const tookMs = performance.now() - began;
  const third = Math.floor(LOOKS / 3);
  const between = (field: keyof Look) => {
    const [first = 0, last = 0] = [looks.slice(0, third), looks.slice(-third)].map((some) =>
      median(some.map((one) => one[field])),
    );
    return { growthMb: last - first, text: `${first.toFixed(1)} and ${last.toFixed(1)} MB` };
  };
  const [resident, own, heap] = [between('residentMb'), between('privateMb'), between('heapMb')];
  return [
    {
      what: `A soak of ${done()} restarts of containers: private memory (RssAnon), early and late`,
      measured: `${own.text}; resident ${resident.text}, JavaScript heap ${heap.text}; ${(done() / (tookMs / 1000)).toFixed(1)} restarts a second of ${pods} Pods`,
      promise: atMost(own.growthMb, GROWTH_LIMIT_MB, `≤ ${GROWTH_LIMIT_MB} MB more`),
    },
  ];
}

function restartsOf(agent: BenchAgent, name: string): number {
  return agent.pod(name)?.status?.containerStatuses?.[0]?.restartCount ?? 0;
}

/** The heap is what is left after a collection: the least of some. */
async function lookAt(agent: BenchAgent): Promise<Look> {
  const heaps: number[] = [];
  for (let scrape = 0; scrape < SCRAPES; scrape += 1) {
    const body = await (await fetch(`http://127.0.0.1:${agent.port}/metrics`)).text();
    heaps.push(Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(body)?.[1]) / 1e6);
    await delay(1000);
  }
  const { residentBytes, privateBytes } = agent.footprint();
  return { residentMb: residentBytes / 1e6, privateMb: privateBytes / 1e6, heapMb: Math.min(...heaps) };
}
