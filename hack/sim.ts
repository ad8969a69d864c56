/**
 * Runs many seeds of the simulation.
 *
 *     node hack/sim.ts --seeds 1000 [--from 1] [--days 1]   exit 1 when a seed failed; prints how to replay each
 *     node hack/sim.ts --seed 17 [--days 1] --trace         one seed, every call and happening on a line
 *
 * A seed that failed belongs in test/sim/kept-seeds.json: the tests run it for ever after.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { simulate } from '../test/sim/simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    days: { type: 'string' },
    trace: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(availableParallelism()) },
    worker: { type: 'boolean', default: false },
  },
});

const days = values.days === undefined ? {} : { days: Number(values.days) };

interface Report {
  seed: string;
  violations: string[];
  virtualMs: number;
  calls: number;
  agents: number;
}

if (values.worker) work();
else if (values.seed !== undefined) await one(values.seed);
else process.exitCode = await many();

/** In a child: one seed at a time, as the parent sends them. */
function work(): void {
  process.on('message', async (seed: string) => {
    process.send?.(await run(seed));
  });
}

async function run(seed: string, trace?: (line: string) => void): Promise<Report> {
  try {
    const result = await simulate({ seed, ...days, ...(trace && { trace }) });
    const calls = Object.values(result.calls).reduce((sum, count) => sum + count, 0);
    const { violations, virtualMs, agents } = result;
    return { seed, violations, virtualMs, calls, agents };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { seed, violations: [`the simulation itself failed: ${text}`], virtualMs: 0, calls: 0, agents: 0 };
  }
}

async function one(seed: string): Promise<void> {
  const report = await run(seed, values.trace ? (line) => console.log(line) : undefined);
  console.log(JSON.stringify(report, null, 1));
  process.exitCode = report.violations.length > 0 ? 1 : 0;
}

async function many(): Promise<number> {
  const count = Number(values.seeds);
  const began = performance.now();
  let next = Number(values.from);
  const last = next + count - 1;
  const total = { virtualMs: 0, calls: 0, agents: 0, failed: 0 };
  const worker = () =>
    new Promise<void>((resolve, reject) => {
      const args = ['--worker', ...(values.days === undefined ? [] : ['--days', values.days])];
      const child = fork(import.meta.filename, args);
      const feed = () => {
        if (next > last) {
          child.disconnect();
          resolve();
          return;
        }
        child.send(String(next));
        next += 1;
      };
      child.on('message', (report: Report) => {
        total.virtualMs += report.virtualMs;
        total.calls += report.calls;
        total.agents += report.agents;
        if (report.violations.length > 0) {
          total.failed += 1;
          console.log(`seed ${report.seed} FAILED: ${report.violations[0]}`);
          console.log(
            `  replay: node hack/sim.ts --seed ${report.seed}${values.days ? ` --days ${values.days}` : ''} --trace`,
          );
        }
        feed();
      });
      child.on('error', reject);
      child.on('exit', (code) => {
        if (code !== 0) reject(new Error(`a worker ended with ${code}`));
      });
      feed();
    });
  await Promise.all(Array.from({ length: Math.min(Number(values.jobs), count) }, worker));
  const seconds = (performance.now() - began) / 1000;
  const virtualDays = (total.virtualMs / 86_400_000).toFixed(1);
  console.log(
    `${count} seeds, ${total.failed} failed; ${virtualDays} days in ${seconds.toFixed(1)} s, ` +
      `${total.calls} calls, ${total.agents} agent processes`,
  );
  return total.failed > 0 ? 1 : 0;
}
