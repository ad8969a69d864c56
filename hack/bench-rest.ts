/** What the agent takes when nothing happens. */
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchAgent, Footprint } from './bench-agent.ts';
import { below, type Figure } from './bench-report.ts';
import { median } from './bench-stats.ts';

const LOOKS = 15;
const CPU_LIMIT_PERCENT = 0.5;
const RESIDENT_LIMIT_MB = 75;
/** The number of Pods that promises are about. */
const FULL = 50;

/** Agents side by side with that many running Pods each: nothing happens, so none is in another's way. */
export async function measureRest(
  agents: ReadonlyMap<number, BenchAgent>,
  { settleMs, watchMs }: { settleMs: number; watchMs: number },
): Promise<Figure[]> {
  await delay(settleMs);
  const before = new Map([...agents].map(([pods, agent]) => [pods, agent.footprint()]));
  const beganMs = performance.now();
  // A heap is a sawtooth: one look would tell where it is in a tooth.
  const looks = new Map([...agents].map(([pods]): [number, Footprint[]] => [pods, []]));
  for (let look = 0; look < LOOKS; look += 1) {
    await delay(watchMs / LOOKS);
    for (const [pods, agent] of agents) looks.get(pods)?.push(agent.footprint());
  }
  const tookMs = performance.now() - beganMs;
  return [...agents].flatMap(([pods]) => {
    const seen = looks.get(pods) ?? [];
    const cpuMs = seen.at(-1)?.cpuMs ?? 0;
    const residents = seen.map(({ residentBytes }) => residentBytes);
    const residentBytes = median(residents);
    const privateBytes = median(seen.map((footprint) => footprint.privateBytes));
    const percent = ((cpuMs - (before.get(pods)?.cpuMs ?? 0)) / tookMs) * 100;
    const megabytes = (bytes: number) => bytes / 1e6;
    const at = `At rest with ${pods} Pods`;
    return [
      {
        what: `${at}: resident memory (RSS)`,
        measured: `${megabytes(residentBytes).toFixed(1)} MB (${megabytes(Math.min(...residents)).toFixed(1)}–${megabytes(Math.max(...residents)).toFixed(1)}), of it private (RssAnon) ${megabytes(privateBytes).toFixed(1)} MB`,
        ...(pods === FULL && {
          promise: below(megabytes(residentBytes), RESIDENT_LIMIT_MB, `< ${RESIDENT_LIMIT_MB} MB`),
        }),
      },
      {
        what: `${at}: CPU, user and system`,
        measured: `${percent.toFixed(2)} % of a core over ${(tookMs / 1000).toFixed(0)} s`,
        ...(pods === FULL && { promise: below(percent, CPU_LIMIT_PERCENT, `< ${CPU_LIMIT_PERCENT} % of a core`) }),
      },
    ];
  });
}
