/**
 * Measures what docs/specification.md promises and writes the figures there, beside the promises.
 *
 *     npm run bench                     all of it, some twelve minutes on two cores
 *     npm run bench -- --quick          a short form that writes nothing
 *     npm run bench -- starts rest      some of it: starts, reactions, rest, probes; writes nothing
 *     npm run bench -- endpoint         the status endpoint under load, which nothing is promised of; three minutes
 *     npm run bench -- soak             whether it grows, over 10,000 restarts of containers; a quarter of an hour
 *     npm run bench -- growth           what the loop costs with 10 to 500 Pods on the simulated machine; two minutes
 *
 * It needs what `npm test` needs for its end-to-end tests, uses a private containerd, and leaves nothing behind.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BenchAgent } from './bench-agent.ts';
import { type Bare, createBare } from './bench-bare.ts';
import { measureEndpoint } from './bench-endpoint.ts';
import { growthFigures } from './bench-growth.ts';
import { SLEEPER_IMAGE, sleeper } from './bench-pods.ts';
import { measureProbes } from './bench-probes.ts';
import { measureAgentStarts, measureDeletes, measureEdits, measureExits } from './bench-reactions.ts';
import { type Figure, markdown, plainTable, withMeasured } from './bench-report.ts';
import { measureRest } from './bench-rest.ts';
import { measureSoak, SOAK_SETTINGS } from './bench-soak.ts';
import { measureStarts } from './bench-starts.ts';
import { buildBundle } from './build.ts';
import { type PrivateContainerd, startContainerd } from './containerd.ts';
import { buildImages, importImages } from './images.ts';
import { ROOT } from './root.ts';

const DOCUMENT = path.join(ROOT, 'docs', 'specification.md');

const FULL = {
  rounds: { one: 15, ten: 4, fifty: 3, search: 2 },
  reactions: { exits: 20, deletes: 8, edits: 6, starts: 5 },
  rest: { pods: [0, 10, 50], settleMs: 10_000, watchMs: 60_000 },
  probes: { settleMs: 5_000, watchMs: 30_000 },
  endpoint: { pods: 110, seconds: 60, scrapes: 600 },
  soak: { pods: 20, restarts: 10_000 },
  growth: { pods: [10, 50, 110, 250, 500], rounds: 25 },
};

const QUICK: typeof FULL = {
  rounds: { one: 5, ten: 1, fifty: 0, search: 1 },
  reactions: { exits: 4, deletes: 2, edits: 2, starts: 2 },
  rest: { pods: [0, 10], settleMs: 3_000, watchMs: 10_000 },
  probes: { settleMs: 2_000, watchMs: 5_000 },
  endpoint: { pods: 21, seconds: 10, scrapes: 100 },
  soak: { pods: 10, restarts: 200 },
  growth: { pods: [10, 110], rounds: 5 },
};

interface World {
  dir: string;
  containerd: PrivateContainerd;
  bare: Bare;
  scale: typeof FULL;
  agent(name: string, settings?: string): BenchAgent;
}

/** Without names these are measured. */
const PROMISED = ['starts', 'reactions', 'rest', 'probes'];

/** To add one: a row, and its name above or in the usage. */
const PARTS: Readonly<Record<string, (world: World) => Promise<Figure[]>>> = {
  starts: async ({ agent, bare, scale }) => withAgent(agent('starts'), (one) => measureStarts(one, bare, scale, log)),

  reactions: async ({ agent, bare, scale: { reactions } }) =>
    withAgent(agent('reactions'), async (one) => [
      ...(await measureDeletes(one, bare, reactions.deletes)),
      ...(await measureEdits(one, bare, reactions.edits)),
    ]),

  rest: async ({ agent, bare, containerd, scale: { rest, reactions } }) => {
    const agents = new Map(rest.pods.map((pods) => [pods, agent(`rest-${pods}`)]));
    const names = (pods: number) => Array.from({ length: pods }, (_, index) => `rest-${pods}-${index}`);
    try {
      for (const [pods, one] of agents) {
        await one.start();
        one.put(new Map(names(pods).map((name) => [name, sleeper(name)])));
        await one.untilRunning(names(pods));
      }
      for (const one of agents.values()) one.unwatch();
      const figures = await measureRest(agents, rest);
      const most = Math.max(...rest.pods);
      const full = agents.get(most) as BenchAgent;
      const starts = await measureAgentStarts(full, names(most), reactions.starts);
      await full.kill();
      await full.start(['-v', '1']);
      await full.untilRunning(names(most));
      const exits = await measureExits(full, containerd, bare, names(most), reactions.exits);
      return [...exits, ...starts, ...figures];
    } finally {
      for (const one of agents.values()) await one.kill();
    }
  },

  endpoint: async ({ agent, dir, scale }) => {
    const one = agent('endpoint');
    return withAgent(one, () => measureEndpoint(one, path.join(dir, 'endpoint'), scale.endpoint));
  },

  soak: async ({ agent, scale }) => withAgent(agent('soak', SOAK_SETTINGS), (one) => measureSoak(one, scale.soak, log)),
  growth: ({ scale }) => growthFigures(scale.growth),

  probes: async ({ agent, scale }) => withAgent(agent('probes'), (one) => measureProbes(one, scale.probes)),
};

async function withAgent(agent: BenchAgent, measure: (agent: BenchAgent) => Promise<Figure[]>): Promise<Figure[]> {
  try {
    await agent.start();
    return await measure(agent);
  } finally {
    await agent.kill();
  }
}

async function measureAll(parts: readonly string[], scale: typeof FULL): Promise<Figure[]> {
  // Sockets need short names, so not below a long TMPDIR.
  const dir = mkdtempSync('/tmp/bench-');
  let containerd: PrivateContainerd | undefined;
  let bare: Bare | undefined;
  try {
    const program = await copyProgram(dir);
    containerd = await startContainerd({ dir: path.join(dir, 'c') });
    const machine = containerd;
    await importImages(containerd, buildImages([SLEEPER_IMAGE]));
    bare = await createBare(path.join(dir, 'bare'), containerd);
    while (!(await bare.cri.imageStatus(SLEEPER_IMAGE.name))) await delay(5);
    const world: World = {
      ...{ dir, containerd, bare, scale },
      agent: (name, settings = '') =>
        new BenchAgent({ dir: path.join(dir, name), program, containerd: machine, settings }),
    };
    const figures: Figure[] = [];
    for (const part of parts) {
      log(`— ${part}`);
      figures.push(...((await PARTS[part]?.(world)) ?? []));
    }
    return figures;
  } finally {
    bare?.close();
    await containerd?.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The bundle of this very tree, apart from `dist/`, which somebody may build anew meanwhile. Returns `bin/rower`. */
async function copyProgram(dir: string): Promise<string> {
  const root = path.join(dir, 'program');
  cpSync(path.join(ROOT, 'bin'), path.join(root, 'bin'), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
  await buildBundle(path.join(root, 'dist'));
  return path.join(root, 'bin', 'rower');
}

function machineLine(): string {
  const version = (program: string) =>
    /\b\d+\.\d+\.\d+\S*/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[0] ?? '?';
  const gigabytes = Math.round(os.totalmem() / 2 ** 30);
  return `${os.cpus().length} cores, ${gigabytes} GiB, Linux ${os.release()}, containerd ${version('containerd')}, runc ${version('runc')}, Node ${process.versions.node}`;
}

function log(line: string): void {
  console.error(line);
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false } },
  });
  const unknown = positionals.find((name) => !Object.hasOwn(PARTS, name));
  if (unknown !== undefined) throw new Error(`there is no ${unknown}: ${Object.keys(PARTS).join(', ')}`);
  const whole = positionals.length === 0 && !values.quick;
  const [loadBefore = 0] = os.loadavg();
  const figures = await measureAll(positionals.length > 0 ? positionals : PROMISED, values.quick ? QUICK : FULL);
  console.log(`\n${plainTable(figures)}\n`);
  if (!whole) return;
  const occasion = {
    command: 'npm run bench',
    machine: machineLine(),
    date: new Date().toISOString().slice(0, 10),
    remark: `Load average when it began: ${loadBefore.toFixed(1)}.`,
  };
  writeFileSync(DOCUMENT, withMeasured(readFileSync(DOCUMENT, 'utf8'), markdown(figures, occasion)));
  console.log(`written to ${path.relative(ROOT, DOCUMENT)}`);
}

if (import.meta.main) {
  await main().catch((error: Error) => {
    console.error(error.stack);
    process.exitCode = 1;
  });
}
