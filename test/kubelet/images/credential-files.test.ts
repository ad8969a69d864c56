import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import type { Env } from '../../../src/kubelet/env.ts';
import { CredentialFiles } from '../../../src/kubelet/images/credential-files.ts';

function machine() {
  const dir = mkdtempSync(join(tmpdir(), 'auths-'));
  after(() => rmSync(dir, { recursive: true }));
  for (const name of ['root', 'cwd', 'home/.docker']) mkdirSync(join(dir, name), { recursive: true });
  const state = { nowMs: 0, complaints: [] as string[] };
  const real = realEnv();
  const env: Env = {
    ...real,
    monotonicMs: () => state.nowMs,
    log: { ...real.log, warn: (_, text) => state.complaints.push(text) },
  };
  const files = new CredentialFiles({
    env,
    rootDir: join(dir, 'root'),
    workingDirectory: join(dir, 'cwd'),
    home: join(dir, 'home'),
  });
  return {
    state,
    write: (file: string, user: string, form = 'config.json') => {
      const auths = { 'r.example': { username: user, password: 'p' } };
      writeFileSync(join(dir, file), JSON.stringify(form === 'config.json' ? { auths } : auths));
    },
    writeText: (file: string, text: string) => writeFileSync(join(dir, file), text),
    users: async () => (await files.auths()).map(({ auth }) => auth.username),
  };
}

describe('the credential files of the machine', () => {
  it('are searched in order, and the first one counts alone', async () => {
    const places = ['home/.dockercfg', 'home/.docker/config.json', 'cwd/config.json', 'root/config.json'];
    const { state, write, users } = machine();
    for (const [index, place] of places.entries()) {
      write(place, place, place.endsWith('.dockercfg') ? 'dockercfg' : 'config.json');
      state.nowMs = (index + 1) * 300_000;
      assert.deepEqual(await users(), [place]);
    }
  });

  it('are read again after five minutes, not before', async () => {
    const { state, write, users } = machine();
    assert.deepEqual(await users(), []);
    write('root/config.json', 'ada');
    state.nowMs = 299_000;
    assert.deepEqual(await users(), []);
    state.nowMs = 300_000;
    assert.deepEqual(await users(), ['ada']);
  });

  it('are passed over when they cannot be read, which is told once', async () => {
    const { state, write, writeText, users } = machine();
    writeText('root/config.json', 'not { json');
    write('cwd/config.json', 'ada');
    assert.deepEqual(await users(), ['ada']);
    state.nowMs = 300_000;
    assert.deepEqual(await users(), ['ada']);
    assert.equal(state.complaints.length, 1);
    assert.match(state.complaints[0] ?? '', /root\/config\.json .* it is not JSON/);
  });
});
