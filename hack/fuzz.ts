/**
 * Tries the parsers of outside input with broken input, each target in a process of its own.
 *
 *     npm run fuzz -- --minutes 60 [--target NAME] [--seed S] [--jobs N]    exit 1 when something was found
 *     npm run fuzz -- --target NAME --seed S --index N                      one input, with the error's stack
 *
 * What is found is made smaller and kept in test/fixtures/fuzz/NAME, where every test run tries it again.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { attempt, inputOf, keep, shrink } from '../test/fuzz/run.ts';
import { TARGETS } from '../test/fuzz/targets.ts';

/** An input that takes longer makes the machine hang. */
const HANG_MS = 20_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string' },
    seed: { type: 'string', default: String(Date.now()) },
    index: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    worker: { type: 'boolean', default: false },
  },
});

const chosen = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
if (chosen.length === 0) {
  console.error(`there is no target ${values.target}; there are ${TARGETS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

if (values.worker) await work();
else if (values.index !== undefined) await one(Number(values.index));
else process.exitCode = await all();

/** Tells its parent where it is before each input, and what it found. */
async function work(): Promise<void> {
  const [target] = chosen;
  const untilMs = Date.now() + Number(values.minutes) * 60_000;
  for (let index = 0; target && Date.now() < untilMs; index += 1) {
    process.send?.({ index });
    // A target that never waits would keep the message back.
    await setImmediate();
    const finding = await attempt(target, inputOf(target, values.seed, index));
    if (!finding) continue;
    const smaller = await shrink(target, finding, () => process.send?.({ index }));
    process.send?.({ index, kept: keep(target.name, smaller.bytes), error: String(smaller.error) });
    break;
  }
  process.exit(0);
}

async function one(index: number): Promise<void> {
  const [target] = chosen;
  if (!target) return;
  const bytes = inputOf(target, values.seed, index);
  console.log(JSON.stringify(bytes.toString('latin1')));
  const finding = await attempt(target, bytes);
  console.log(finding ? finding.error : 'nothing wrong');
  process.exit(finding ? 1 : 0);
}

async function all(): Promise<number> {
  const jobs = Math.max(1, Number(values.jobs));
  const minutes = (Number(values.minutes) * jobs) / chosen.length;
  const waiting = [...chosen];
  let found = 0;
  const next = async (): Promise<void> => {
    for (let target = waiting.shift(); target; target = waiting.shift()) found += await watch(target.name, minutes);
  };
  await Promise.all(Array.from({ length: jobs }, next));
  return found > 0 ? 1 : 0;
}

/** Resolves to the number of findings: 0 or 1. */
function watch(name: string, minutes: number): Promise<number> {
  const args = ['--worker', '--target', name, '--seed', values.seed, '--minutes', String(minutes)];
  const child = fork(import.meta.filename, args);
  let index = 0;
  let found = 0;
  const replay = () => `npm run fuzz -- --target ${name} --seed ${values.seed} --index ${index}`;
  const hung = () => {
    found = 1;
    console.log(`${name}: input ${index} takes more than ${HANG_MS / 1000} s: ${replay()}`);
    child.kill('SIGKILL');
  };
  let timer = setTimeout(hung, HANG_MS);
  child.on('message', (message: { index: number; kept?: string; error?: string }) => {
    clearTimeout(timer);
    timer = setTimeout(hung, HANG_MS);
    index = message.index;
    if (message.kept === undefined) return;
    found = 1;
    console.log(`${name}: ${message.error}\n  kept as ${message.kept}\n  ${replay()}`);
  });
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (found === 0 && code !== 0) {
        found = 1;
        console.log(`${name}: the process ended with ${signal ?? code} at input ${index}: ${replay()}`);
      } else if (found === 0) console.log(`${name}: ${index + 1} inputs, nothing found`);
      resolve(found);
    });
  });
}
