import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import { openKeptShutdown } from '../../src/kubelet/kept-shutdown.ts';
import { temporaryDirectory } from './temporary.ts';

describe('what a shutdown stopped', () => {
  const said: string[] = [];
  const real = realEnv();
  const env = { ...real, log: { ...real.log, warn: (_: unknown, text: string) => said.push(text) } };
  const stopped = new Map([
    ['u1', new Set(['c1', 'c2'])],
    ['u2', new Set<string>()],
  ]);

  it('is there again after the restart, the last word of several', async (t) => {
    const root = await temporaryDirectory(t);
    const memory = await openKeptShutdown(root, env);
    assert.equal(memory.stopped.size, 0);
    void memory.keep(new Map([['u9', new Set(['c9'])]]));
    await memory.keep(stopped);
    assert.deepEqual((await openKeptShutdown(root, env)).stopped, stopped);
    assert.deepEqual(said, []);
  });

  it('is as good as absent when it cannot be read', async (t) => {
    const root = await temporaryDirectory(t);
    for (const text of [
      '',
      '{',
      '{"version":1}',
      '{"version":2,"stopped":{"u1":["c1"]}}',
      '{"version":1,"stopped":{"u1":5}}',
    ]) {
      writeFileSync(join(root, 'shutdown.json'), text);
      assert.equal((await openKeptShutdown(root, env)).stopped.size, 0, text);
    }
  });

  it('is told of when it cannot be written, and the shutdown goes on', async (t) => {
    const root = await temporaryDirectory(t);
    const memory = await openKeptShutdown(root, env);
    rmSync(root, { recursive: true });
    said.length = 0;
    await memory.keep(stopped);
    assert.match(said.join(), /cannot be written down/);
    mkdirSync(root);
    await memory.keep(stopped);
    assert.match(readFileSync(join(root, 'shutdown.json'), 'utf8'), /"c2"/);
  });
});
