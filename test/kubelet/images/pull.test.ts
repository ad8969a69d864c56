import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import { type AuthConfig, type Cri, CriError } from '../../../src/cri/port.ts';
import { type ConfigDocument, documentKey, NO_DOCUMENTS } from '../../../src/kubelet/documents.ts';
import { createPuller } from '../../../src/kubelet/images/pull.ts';
import type { PodSpec } from '../../../src/kubelet/types.ts';
import { revision } from '../build.ts';

const other = (text: string) => new CriError('other', 'PullImage', text);

/** A registry that answers by user name; `undefined` is a pull without credentials. */
function pulling(answers: Record<string, Error | 'ok'>, nodeUsers: string[] = [], spec: Partial<PodSpec> = {}) {
  const tried: (string | undefined)[] = [];
  const complaints: string[] = [];
  const cri = {
    pullImage: async (_image: string, auth: AuthConfig | undefined) => {
      tried.push(auth?.username);
      const answer = answers[auth?.username ?? 'anonymous'] ?? other('401 Unauthorized');
      if (answer !== 'ok') throw answer;
      return 'ref';
    },
  } as Partial<Cri> as Cri;
  const real = realEnv();
  const env = { ...real, log: { ...real.log, warn: (_: unknown, text: string) => complaints.push(text) } };
  const pull = createPuller({
    env,
    cri,
    nodeAuths: async () => nodeUsers.map((username) => ({ username, password: 'p' })),
    pullsPerSecond: 0,
    burst: 0,
  });
  const dockerConfig = Buffer.from(
    JSON.stringify({ auths: { 'r.example': { username: 'secret-user', password: 'p' } } }),
  );
  const secret = {
    type: 'kubernetes.io/dockerconfigjson',
    data: new Map([['.dockerconfigjson', dockerConfig]]),
  } as Partial<ConfigDocument> as ConfigDocument;
  const documents = new Map([
    [documentKey('Secret', 'default', 'regcred'), secret],
    [documentKey('Secret', 'default', 'opaque'), { ...secret, type: 'Opaque' }],
    [documentKey('Secret', 'default', 'empty'), { ...secret, data: new Map() }],
    [
      documentKey('Secret', 'default', 'broken'),
      { ...secret, data: new Map([['.dockerconfigjson', Buffer.from('{')]]) },
    ],
  ]);
  const { pod } = revision(spec);
  return {
    tried,
    complaints,
    run: (signal = new AbortController().signal) =>
      pull({ image: 'r.example/app:1', pod, documents: spec.imagePullSecrets ? documents : NO_DOCUMENTS, signal }),
  };
}

describe('a pull', () => {
  it('goes without credentials when there are none', async () => {
    const { run, tried } = pulling({ anonymous: 'ok' });
    await run();
    assert.deepEqual(tried, [undefined]);
  });

  it('tries one after the other until one works', async () => {
    const { run, tried } = pulling({ b: 'ok' }, ['a', 'b', 'c']);
    await run();
    assert.deepEqual(tried, ['a', 'b']);
  });

  it('tries the secrets of the Pod before those of the machine', async () => {
    const { run, tried } = pulling({ node: 'ok' }, ['node'], { imagePullSecrets: [{ name: 'regcred' }] });
    await run();
    assert.deepEqual(tried, ['secret-user', 'node']);
  });

  it('goes on without secrets that cannot be used, and the log says why', async () => {
    const names = ['none', 'opaque', 'empty', 'broken'];
    const { run, tried, complaints } = pulling({ anonymous: 'ok' }, [], {
      imagePullSecrets: names.map((name) => ({ name })),
    });
    await run();
    assert.deepEqual(tried, [undefined]);
    assert.deepEqual(
      complaints.map((text) => text.replace(/;.*/, '')),
      [
        'secret "none" not found',
        'secret "opaque" is of type Opaque, which has no registry credentials: use kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg',
        'secret "empty" has no .dockerconfigjson',
        '.dockerconfigjson of secret "broken" cannot be used: it is not JSON',
      ],
    );
  });

  it('tells each failure once when all failed', async () => {
    const { run } = pulling({ a: other('denied'), b: other('denied'), c: other('gone') }, ['a', 'b', 'c']);
    await assert.rejects(run(), { message: '[denied, gone]', code: 'other' });
    await assert.rejects(pulling({ a: other('denied') }, ['a']).run(), { message: 'denied' });
  });

  it('does not go on to the next when the runtime is away', async () => {
    const { run, tried } = pulling({ a: new CriError('unavailable', 'PullImage', 'away') }, ['a', 'b']);
    await assert.rejects(run(), { code: 'unavailable' });
    assert.deepEqual(tried, ['a']);
  });
});
