import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import { openKeptAmounts } from '../../src/kubelet/kept-amounts.ts';
import { temporaryDirectory } from './temporary.ts';

describe('memory requests that nothing shows', () => {
  const said: string[] = [];
  const real = realEnv();
  const env = { ...real, log: { ...real.log, warn: (_: unknown, text: string) => said.push(text) } };
  const requests = new Map([['u1', { main: '2Gi', other: '64Mi' }]]);

  it('are there again after the restart, the last word of several, and leave no file when there are none', async (t) => {
    const root = await temporaryDirectory(t);
    const memory = await openKeptAmounts(root, env);
    assert.equal(memory.requests.size, 0);
    memory.keep(new Map([['u9', {}]]));
    memory.keep(requests);
    await memory.settled();
    assert.deepEqual((await openKeptAmounts(root, env)).requests, requests);
    for (let round = 0; round < 2; round += 1) memory.keep(new Map());
    await memory.settled();
    assert.equal(existsSync(join(root, 'resized.json')), false);
    assert.deepEqual(said, []);
  });

  it('are as good as absent when they cannot be read', async (t) => {
    const root = await temporaryDirectory(t);
    const texts = [
      '',
      '{',
      'null',
      '{"version":2,"requests":[]}',
      '{"version":1,"requests":[["u1",{"a":5}]]}',
      '{"version":1,"requests":{}}',
    ];
    for (const text of texts) {
      writeFileSync(join(root, 'resized.json'), text);
      assert.equal((await openKeptAmounts(root, env)).requests.size, 0, text);
    }
  });

  it('are not worth a stop when they cannot be written', async (t) => {
    const root = await temporaryDirectory(t);
    const memory = await openKeptAmounts(join(root, 'gone'), env);
    said.length = 0;
    mkdirSync(join(root, 'gone'));
    rmSync(join(root, 'gone'), { recursive: true });
    memory.keep(requests);
    await memory.settled();
    assert.match(said.join(), /cannot be kept over a restart/);
  });
});
