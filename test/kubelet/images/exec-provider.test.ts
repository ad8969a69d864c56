import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import { parseDuration } from '../../../src/config/duration.ts';
import type { Env } from '../../../src/kubelet/env.ts';
import { ExecProvider } from '../../../src/kubelet/images/exec-provider.ts';
import type { CredentialProvider } from '../../../src/kubelet/images/provider.ts';

const VERSION = 'credentialprovider.kubelet.k8s.io/v1';
const answer = (change: object = {}) =>
  JSON.stringify({
    kind: 'CredentialProviderResponse',
    apiVersion: VERSION,
    cacheKeyType: 'Registry',
    cacheDuration: '5m',
    auth: { '*.example': { username: 'ada', password: 'secret' } },
    ...change,
  });

/** A provider that is a shell script; it leaves its input, arguments and a line per call behind. */
function provider(script: string, change: Partial<CredentialProvider> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'provider-'));
  after(() => rmSync(directory, { recursive: true }));
  writeFileSync(
    join(directory, 'plugin'),
    `#!/bin/sh\ncd ${directory}\necho "$*" >> args\necho "$OWN $INHERITED" > env\ncat > input\n${script}\n`,
    { mode: 0o755 },
  );
  const state = { nowMs: 0, complaints: [] as Record<string, unknown>[] };
  const real = realEnv();
  const env: Env = {
    ...real,
    monotonicMs: () => state.nowMs,
    log: { ...real.log, warn: (fields) => state.complaints.push(fields) },
  };
  const config: CredentialProvider = {
    name: 'plugin',
    apiVersion: VERSION,
    matchImages: ['*.example'],
    defaultCacheDurationMs: 60_000,
    args: ['--get', 'it'],
    env: [{ name: 'OWN', value: 'mine' }],
    ...change,
  };
  const one = new ExecProvider(config, {
    env,
    directory,
    environment: { PATH: process.env.PATH, INHERITED: 'yes' },
    parseDuration,
  });
  return {
    state,
    one,
    users: async (image: string) => (await one.auths(image)).map((auth) => auth.username),
    left: (file: string) => readFileSync(join(directory, file), 'utf8'),
    calls: () => readFileSync(join(directory, 'args'), 'utf8').split('\n').length - 1,
  };
}

const says = (text: string) => `cat <<'END'\n${text}\nEND`;

describe('an exec credential provider', () => {
  it('is asked in the words of its version, with its arguments and environment', async () => {
    const { one, left } = provider(says(answer()));
    assert.deepEqual(await one.auths('r.example/team/app:1'), [{ username: 'ada', password: 'secret' }]);
    assert.deepEqual(JSON.parse(left('input')), {
      kind: 'CredentialProviderRequest',
      apiVersion: VERSION,
      image: 'r.example/team/app',
    });
    assert.equal(left('args'), '--get it\n');
    assert.equal(left('env'), 'mine yes\n');
  });

  it('is not asked for images that are not its own', async () => {
    const { users, calls } = provider(says(answer()));
    assert.deepEqual(await users('other.test/app'), []);
    assert.throws(calls, /ENOENT/);
  });

  for (const [type, other, calls] of [
    ['Image', 'r.example/second', 2],
    ['Registry', 'r.example/second', 1],
    ['Registry', 's.example/first', 2],
    ['Global', 's.example/first', 1],
  ] as const) {
    it(`keeps an answer for its ${type}: ${other} after r.example/first makes ${calls}`, async () => {
      const made = provider(says(answer({ cacheKeyType: type })));
      await made.users('r.example/first');
      assert.deepEqual(await made.users(other), ['ada']);
      assert.equal(made.calls(), calls);
    });
  }

  it('is asked again when its answer is too old', async () => {
    const { state, users, calls } = provider(says(answer()));
    await users('r.example/app');
    state.nowMs = 299_999;
    await users('r.example/app');
    assert.equal(calls(), 1);
    state.nowMs = 300_000;
    await users('r.example/app');
    assert.equal(calls(), 2);
  });

  it('has its own duration for answers without one, and 0 keeps nothing', async () => {
    const { state, users, calls } = provider(says(answer({ cacheDuration: undefined })));
    await users('r.example/app');
    state.nowMs = 60_000;
    await users('r.example/app');
    assert.equal(calls(), 2);
    const forgetful = provider(says(answer({ cacheDuration: '0s' })));
    await forgetful.users('r.example/app');
    await forgetful.users('r.example/app');
    assert.equal(forgetful.calls(), 2);
  });

  it('is asked once for the same thing at the same time', async () => {
    const { users, calls } = provider(`sleep 0.1\n${says(answer({ cacheDuration: '0s' }))}`);
    assert.deepEqual(await Promise.all([users('r.example/app:1'), users('r.example/app:2')]), [['ada'], ['ada']]);
    assert.equal(calls(), 1);
  });

  for (const [name, script, complaint] of [
    ['fails', 'echo broken >&2; exit 3', /it ended with status 3: broken/],
    ['answers something else', 'echo secret', /it is not JSON|not JSON/],
    ['answers in another version', says(answer({ apiVersion: 'v9' })), /not a CredentialProviderResponse of/],
    ['names no cache key', says(answer({ cacheKeyType: '' })), /cacheKeyType/],
    ['answers without end', 'yes', /it wrote more than/],
  ] as const) {
    it(`gives no credentials when it ${name}, and the log says why`, async () => {
      const { state, users } = provider(script);
      assert.deepEqual(await users('r.example/app'), []);
      assert.match(String(state.complaints[0]?.error), complaint);
      assert.ok(!JSON.stringify(state.complaints).includes('secret'));
    });
  }

  it('gives none when it is not there', async () => {
    const { state, users } = provider('', { name: 'missing' });
    assert.deepEqual(await users('r.example/app'), []);
    assert.match(String(state.complaints[0]?.error), /there is no .*\/missing/);
  });
});
