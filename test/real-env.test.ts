import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { smallDisk } from './full-disk.ts';

const source = join(import.meta.dirname, '../src/real-env.ts');

/** Runs a program that has `log`, with this as its standard error. */
function run(script: string, stderr: number | 'pipe') {
  const program = `import { jsonLog } from ${JSON.stringify(source)}; const log = jsonLog(0); ${script}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', stderr],
    encoding: 'utf8',
  });
}

test('each line is one object with its level', () => {
  const { stderr } = run("log.info({ a: 1 }, 'x'); log.debug({}, 'y'); log.error({}, 'z')", 'pipe');
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ level, msg, a }) => [level, msg, a]),
    [
      ['info', 'x', 1],
      ['error', 'z', undefined],
    ],
  );
});

test('a log that cannot be written ends nothing', () => {
  const { stdout, status } = run(
    "log.info({}, 'x'); await 0; log.info({}, 'y'); console.log('alive')",
    openSync('/dev/full', 'w'),
  );
  assert.deepEqual([stdout, status], ['alive\n', 0]);
});

test('when there is room again the log says how much of it was lost', async (t) => {
  const disk = await smallDisk(t, 65_536);
  const log = join(disk, 'log');
  const stderr = openSync(log, 'a');
  // Some room is left: a part of a line is written.
  const script = `
    import { readFileSync } from 'node:fs';
    import { fillDisk, freeDisk } from ${JSON.stringify(join(import.meta.dirname, 'full-disk.ts'))};
    log.info({}, 'w'); fillDisk(${JSON.stringify(disk)});
    log.info({}, 'x'.repeat(5000)); log.info({}, 'y'.repeat(5000)); freeDisk(${JSON.stringify(disk)}); log.info({}, 'z');
    console.log(readFileSync(${JSON.stringify(log)}, 'utf8'));`;
  const lines = run(script, stderr).stdout.trim().split('\n');
  const { lost, error, msg } = JSON.parse(lines.at(-2) ?? '');
  assert.deepEqual([lost, msg], [2, 'lines of this log were lost: they could not be written']);
  assert.match(error, /ENOSPC/);
  assert.equal(JSON.parse(lines.at(-1) ?? '').msg, 'z');
});
