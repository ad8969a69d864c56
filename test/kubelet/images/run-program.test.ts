import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import { type ProgramOptions, runProgram } from '../../../src/kubelet/images/run-program.ts';

const shell = (script: string, options: Partial<ProgramOptions> = {}) =>
  runProgram('/bin/sh', { env: realEnv(), args: ['-c', script], timeoutMs: 60_000, maxOutputBytes: 1000, ...options });

describe('a program', () => {
  it('gets its input and gives its output', async () =>
    assert.equal(
      await shell('cat; echo "$X"', { input: 'in ', environment: { X: 'y', PATH: process.env.PATH } }),
      'in y\n',
    ));
  it('may get a long input in pieces', async () => {
    async function* pieces() {
      for (let index = 0; index < 40; index += 1) yield Buffer.alloc(100_000);
    }
    assert.equal(await shell('wc -c', { input: pieces() }), '4000000\n');
  });
  it('need not read its input', async () => assert.equal(await shell('exit 0', { input: 'x'.repeat(1_000_000) }), ''));
  it('is told by its status and its last words when it fails', async () => {
    await assert.rejects(shell('echo why >&2; exit 7'), { message: 'it ended with status 7: why' });
    await assert.rejects(shell('kill -TERM $$'), { message: 'it ended with SIGTERM' });
  });
  it('is killed when its time is over, though it has children', async () => {
    await assert.rejects(shell('sleep 1000 & echo $!; sleep 1000', { timeoutMs: 50 }), /did not end within/);
  });
  it('is killed when it writes too much', async () => assert.rejects(shell('yes'), /wrote more than 1000 bytes/));
  it('is killed when nobody wants it any more', async () => {
    const stop = new AbortController();
    const running = shell('sleep 1000', { signal: stop.signal });
    stop.abort();
    await assert.rejects(running, /cancelled/);
    await assert.rejects(shell('sleep 1000', { signal: stop.signal }), /cancelled/);
  });
  it('is killed when its input is broken, instead of taking the beginning for all', async () => {
    async function* broken() {
      yield Buffer.from('half');
      throw new Error('the archive is damaged');
    }
    await assert.rejects(shell('cat; sleep 1000', { input: broken() }), /the archive is damaged/);
  });
  it('that is not there is named', async () => {
    await assert.rejects(
      runProgram('/no/such/program', { env: realEnv(), args: [], timeoutMs: 1000, maxOutputBytes: 10 }),
      /there is no \/no\/such\/program/,
    );
  });
  it('is an error when there is no descriptor left for its pipes', () => {
    const source = (path: string) => JSON.stringify(join(import.meta.dirname, '../../..', path));
    const script = `
      import { openSync } from 'node:fs';
      import { realEnv } from ${source('hack/env.ts')};
      import { runProgram } from ${source('src/kubelet/images/run-program.ts')};
      try { for (;;) openSync('/dev/null'); } catch {}
      const options = { env: realEnv(), args: [], timeoutMs: 60000, maxOutputBytes: 1000 };
      await runProgram('/bin/true', options).catch(({ code }) => console.log(code));`;
    const few = ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', script];
    assert.equal(spawnSync('/bin/sh', few, { encoding: 'utf8' }).stdout, 'EMFILE\n');
  });
});
