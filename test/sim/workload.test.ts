import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from './env.ts';
import { Process, workloadOf } from './workload.ts';

const LOOP = 'while :; do sleep 0.1; done';

/** How a process ends that gets SIGTERM after `termMs`, or is left alone. */
async function endOf(command: readonly string[], termMs?: number): Promise<string> {
  const clock = new Clock();
  let end = 'runs on';
  const process = new Process(clock, workloadOf(command), (code) => {
    end = `${code} after ${clock.elapsedMs} ms`;
  });
  if (termMs !== undefined) clock.after(termMs, () => process.terminate());
  await clock.advance(60_000);
  return end;
}

const ENDS: [title: string, command: string[], termMs: number | undefined, end: string][] = [
  ['a script that sleeps and fails', ['sh', '-c', 'sleep 1.5; exit 3'], undefined, '3 after 1500 ms'],
  ['a script that ends without exit', ['sh', '-c', 'sleep 1'], undefined, '0 after 1000 ms'],
  ['true', ['/bin/true'], undefined, '0 after 0 ms'],
  ['false', ['false'], undefined, '1 after 0 ms'],
  ['sleep', ['sleep', '2'], undefined, '0 after 2000 ms'],
  ['a server that is left alone', ['httpd', '-f'], undefined, 'runs on'],
  ['a server that gets SIGTERM', ['httpd', '-f'], 1000, '143 after 1020 ms'],
  ['a loop without a trap', ['sh', '-c', LOOP], 1000, 'runs on'],
  ['a loop with a trap', ['sh', '-c', `trap "exit 7" TERM; ${LOOP}`], 1000, '7 after 1050 ms'],
  ['a trap that takes its time', ['sh', '-c', `trap "sleep 2; exit 0" TERM; ${LOOP}`], 1000, '0 after 3050 ms'],
  ['a trap that does not exit', ['sh', '-c', `trap "sleep 2" TERM; ${LOOP}`], 1000, 'runs on'],
];

for (const [title, command, termMs, end] of ENDS) {
  test(`${title}: ${end}`, async () => assert.equal(await endOf(command, termMs), end));
}

test('a command that does not exist cannot be started', () => {
  assert.match(workloadOf(['/missing']).startError ?? '', /no such file or directory/);
});

test('a piece of shell it does not know is refused, not guessed at', () => {
  assert.throws(() => workloadOf(['sh', '-c', 'rm -rf /']), /does not know/);
});
