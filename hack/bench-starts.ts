/** From a manifest's rename to Running as a watching client sees it, against the bare calls, in turn. */
import { setTimeout as delay } from 'node:timers/promises';
import { type BenchAgent, freePorts } from './bench-agent.ts';
import type { Bare } from './bench-bare.ts';
import { sleeper } from './bench-pods.ts';
import { atMost, type Figure } from './bench-report.ts';
import { best, type Comparison, compare, showMs } from './bench-stats.ts';

/** The words for what is promised of starts. */
const LIMIT = 1.15;
/** Candidates for the bare client with many Pods. */
const CONCURRENCIES = [2, 3, 4, 6, 8];
const SEARCH_PODS = 16;
/** What the round before left to do (files, cgroups, snapshots) ends before the clock starts. */
const REST_MS = 250;

export interface StartPlan {
  /** Rounds with one Pod, with ten, with fifty. */
  readonly rounds: { readonly one: number; readonly ten: number; readonly fifty: number; readonly search: number };
}

export async function measureStarts(
  agent: BenchAgent,
  bare: Bare,
  { rounds }: StartPlan,
  log: (line: string) => void,
): Promise<Figure[]> {
  const round = new Rounds(agent, bare);
  // Nobody's first time counts: caches of the machine, code that is not compiled yet.
  await round.ours(1, false);
  await round.theirs(1, 1, false);
  const figures: Figure[] = [];
  const add = async (pods: number, count: number, concurrency: number, hostPorts: boolean) => {
    const comparison = await round.inTurn(pods, count, concurrency, hostPorts);
    const figure = startFigure(pods, concurrency, hostPorts, comparison);
    log(`${figure.what}: ${figure.measured}`);
    figures.push(figure);
  };
  await add(1, rounds.one, 1, false);
  await add(1, rounds.one, 1, true);
  const concurrency = await round.bestConcurrency(rounds.search);
  log(`the bare calls are fastest ${concurrency} at once`);
  await add(10, rounds.ten, concurrency, false);
  await add(10, rounds.ten, concurrency, true);
  if (rounds.fifty > 0) {
    await add(50, rounds.fifty, concurrency, false);
    await add(50, rounds.fifty, concurrency, true);
  }
  return figures;
}

class Rounds {
  readonly #agent: BenchAgent;
  readonly #bare: Bare;
  #count = 0;

  constructor(agent: BenchAgent, bare: Bare) {
    this.#agent = agent;
    this.#bare = bare;
  }

  async inTurn(pods: number, count: number, concurrency: number, hostPorts: boolean): Promise<Comparison> {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < count; round += 1) {
      ours.push(await this.ours(pods, hostPorts));
      theirs.push(await this.theirs(pods, concurrency, hostPorts));
    }
    return compare(ours, theirs);
  }

  async ours(pods: number, hostPorts: boolean): Promise<number> {
    const manifests = await this.#manifests('ours', pods, hostPorts);
    const names = [...manifests.keys()];
    await delay(REST_MS);
    const beganMs = this.#agent.put(manifests);
    const tookMs = (await this.#agent.untilRunning(names)) - beganMs;
    this.#agent.remove(names);
    await this.#agent.untilGone(names);
    return tookMs;
  }

  async theirs(pods: number, concurrency: number, hostPorts: boolean): Promise<number> {
    const manifests = await this.#manifests('bare', pods, hostPorts);
    const prepared = await this.#bare.prepare([...manifests.values()]);
    await delay(REST_MS);
    const tookMs = await this.#bare.start(prepared, concurrency);
    await this.#bare.stop(prepared);
    return tookMs;
  }

  async bestConcurrency(count: number): Promise<number> {
    const samples = new Map<number, number[]>(CONCURRENCIES.map((concurrency) => [concurrency, []]));
    for (let round = 0; round < count; round += 1) {
      for (const [concurrency, list] of samples) list.push(await this.theirs(SEARCH_PODS, concurrency, false));
    }
    return best(samples);
  }

  /** By name. */
  async #manifests(prefix: string, pods: number, hostPorts: boolean): Promise<Map<string, string>> {
    this.#count += 1;
    const ports = hostPorts ? await freePorts(pods) : [];
    return new Map(
      Array.from({ length: pods }, (_, index) => {
        const name = `${prefix}-${this.#count}-${index}`;
        const hostPort = ports[index];
        return [name, sleeper(name, hostPort === undefined ? {} : { hostPort })];
      }),
    );
  }
}

function startFigure(pods: number, concurrency: number, hostPorts: boolean, comparison: Comparison): Figure {
  const { ours, theirs, ratio } = comparison;
  const subject = pods === 1 ? 'One Pod' : `${pods} Pods at once`;
  const against = pods === 1 ? 'the bare calls' : `the bare calls, ${concurrency} Pods at once`;
  return {
    what: `${subject}${hostPorts ? ', with a hostPort' : ''}: manifest renamed to Running`,
    measured: `${ratio.toFixed(2)} ×: ${showMs(ours)} against ${showMs(theirs)} of ${against}, ${ours.count} rounds`,
    promise: atMost(ratio, LIMIT, `≤ ${LIMIT} × the bare calls${pods === 1 ? '' : ' at their best concurrency'}`),
  };
}
