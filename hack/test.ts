/**
 * Runs every check and ends with a summary; status 1 when any fails.
 *
 *     npm test                 everything; installs what it needs
 *     npm test -- types unit   these steps only (hack/test-steps.ts)
 *
 * The whole output of each step is kept in `.rower/test/STEP.log`. Where containers cannot run, the tests that need them
 * are left out and the reasons are told; with CI set, a test left out is a failure.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installForContainers, installForTests } from './install-debian.ts';
import { ROOT } from './root.ts';
import { type Step, steps } from './test-steps.ts';
import { addTotals, formatTotals, readTotals, skippedTests, type Totals } from './test-totals.ts';

interface Result {
  step: Step;
  state: 'ok' | 'FAILED' | 'left out';
  seconds: number;
  totals: Totals;
  /** Tests that did not run, with their reasons. */
  skipped: string[];
}

const LOGS = path.join(ROOT, '.rower', 'test');
const inCi = !['', 'false', '0', undefined].includes(process.env.CI);
/** A failed step's output is shown up to here; the rest is in its log. */
const MAX_SHOWN_LINES = 400;

const children = new Set<ChildProcess>();

async function run(step: Step): Promise<Result> {
  const began = performance.now();
  const { status, output } = await execute(step);
  writeFileSync(path.join(LOGS, `${step.name}.log`), output);
  const skipped = step.isTestRun ? skippedTests(output) : [];
  const totals = step.isTestRun ? readTotals(output) : new Map();
  const ranNothing = step.isTestRun && !totals.get('tests');
  const state = status === 0 && !ranNothing && !(inCi && skipped.length > 0) ? 'ok' : 'FAILED';
  const seconds = (performance.now() - began) / 1000;
  if (state === 'FAILED') {
    console.log(
      `\n──── ${step.name} failed ────\n${output.trimEnd().split('\n').slice(-MAX_SHOWN_LINES).join('\n')}\n`,
    );
    if (ranNothing) console.log(`${step.name}: no test ran`);
  }
  console.log(line(step.name, state, seconds));
  return { step, state, seconds, totals, skipped };
}

function execute(step: Step): Promise<{ status: number; output: string }> {
  const [program = '', ...argv] = step.command;
  return new Promise((resolve) => {
    // The output is read by a program: no colours, and no options that a debugger may have left.
    const { NODE_OPTIONS: _, ...env } = process.env;
    // A group of its own, so that all of it can be ended.
    const child = spawn(program, argv, {
      cwd: ROOT,
      env: { ...env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    children.add(child);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => chunks.push(Buffer.from(`${error.message}\n`)));
    const timer = setTimeout(() => {
      const busy = programsBelow(child.pid ?? 0).join('\n  ');
      chunks.push(Buffer.from(`\nended after ${step.limitMinutes} minutes; still running:\n  ${busy}\n`));
      endGroup(child, 'SIGKILL');
    }, step.limitMinutes * 60_000);
    child.on('close', (code) => {
      clearTimeout(timer);
      children.delete(child);
      resolve({ status: code ?? 1, output: Buffer.concat(chunks).toString() });
    });
  });
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Last arguments of the processes that a process has started: the test files, for node's test runner. */
function programsBelow(pid: number): string[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return children.map((one) => readFileSync(`/proc/${one}/cmdline`, 'utf8').split('\0').at(-2) ?? one);
  } catch {
    return ['(not known)'];
  }
}

function line(name: string, state: string, seconds: number): string {
  return `${state.padEnd(8)} ${name.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s`;
}

/** Steps of one stage at the same time, stages one after the other; a failure stops nothing. */
async function runAll(chosen: readonly Step[], problems: readonly string[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const stage of [...new Set(chosen.map((step) => step.stage))].sort()) {
    const now = chosen.filter((step) => step.stage === stage);
    results.push(
      ...(await Promise.all(
        now.map((step): Result | Promise<Result> => {
          if (!step.needsContainers || problems.length === 0) return run(step);
          const state = inCi ? 'FAILED' : 'left out';
          console.log(line(step.name, state, 0));
          return {
            step,
            state,
            seconds: 0,
            totals: new Map(),
            skipped: problems.map((problem) => `all of it: ${problem}`),
          };
        }),
      )),
    );
  }
  return results;
}

function summarise(results: readonly Result[], seconds: number): void {
  console.log('\nSummary');
  for (const { step, state, seconds: took, totals, skipped } of results) {
    const count = totals.get('tests');
    console.log(`  ${line(step.name, state, took)}${count === undefined ? '' : `   ${count} tests`}`);
    for (const reason of skipped) console.log(`             left out: ${reason}`);
  }
  const sum = addTotals(results.map((result) => result.totals));
  if (sum.size > 0) console.log(`\n${formatTotals(sum).trimEnd()}`);
  const failed = results.filter((result) => result.state === 'FAILED').map((result) => result.step.name);
  const verdict =
    failed.length === 0 ? 'every check passed' : `failed: ${failed.join(', ')}; whole output in .rower/test/`;
  console.log(`\n${verdict} (${seconds.toFixed(0)} s)`);
}

async function main(names: readonly string[]): Promise<number> {
  const all = steps();
  const unknown = names.filter((name) => !all.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(`unknown step ${unknown.join(', ')}; there are ${all.map((step) => step.name).join(', ')}`);
    return 2;
  }
  const began = performance.now();
  const chosen = all.filter((step) => names.length === 0 || names.includes(step.name));
  mkdirSync(LOGS, { recursive: true });
  const problems = chosen.some((step) => step.needsContainers) ? installForContainers(console.log) : [];
  if (chosen.some((step) => step.isTestRun)) installForTests(console.log);
  const results = await runAll(chosen, problems);
  summarise(results, (performance.now() - began) / 1000);
  return results.some((result) => result.state === 'FAILED') ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const child of children) endGroup(child, signal);
    process.exit(130);
  });
}
process.exitCode = await main(process.argv.slice(2));
