/**
 * What every metadata service may do instead of answering, over all providers that ask one: an error is an error, absence is
 * absence, and neither is ever taken for the other.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { MetadataErrorKind } from '../../src/kubelet/metadata-view.ts';
import { type Fetched, MetadataError, type Provider } from '../../src/metadata/provider.ts';
import { PROVIDERS } from '../../src/metadata/providers.ts';
import { Service } from '../../src/metadata/service.ts';
import type { Cloud } from './cloud.ts';
import { CLOUDS } from './clouds.ts';
import { testEnv } from './env.ts';
import { makeMachine } from './machine.ts';
import { type Answer, type Answers, byPath, metadataServer } from './server.ts';

/** Time for a service that never answers; all others have the time they have. */
const HASTE_MS = 150;
const google = { 'metadata-flavor': 'Google' };

/** What comes of it: the payloads, or the error. */
async function asked(
  t: TestContext,
  name: string,
  cloud: Cloud,
  bases: string[],
  hasteMs = Number.POSITIVE_INFINITY,
): Promise<Fetched | MetadataError> {
  const provider = PROVIDERS.find((one) => one.name === name) as Provider;
  const real = testEnv();
  const env = { ...real, after: (delayMs: number, fn: () => void) => real.after(Math.min(delayMs, hasteMs), fn) };
  const { signal } = new AbortController();
  const machine = await makeMachine(t, cloud.machine);
  const context = { machine, service: new Service(bases, env, signal), env, signal };
  return provider.fetch(context).catch((error: unknown) => {
    assert.ok(error instanceof MetadataError, `a fault of ours: ${error}`);
    assert.doesNotMatch(error.message, /hunter2/);
    return error;
  });
}

async function served(t: TestContext, name: string, cloud: Cloud, answers: Answers, hasteMs?: number) {
  const { base } = await metadataServer(t, answers);
  return asked(t, name, cloud, [base], hasteMs);
}

const hasteFor = ({ silent, drips }: Answer) => (silent || drips ? HASTE_MS : undefined);

function assertError(found: Fetched | MetadataError, kind: MetadataErrorKind, final: boolean, what: string) {
  assert.ok(found instanceof MetadataError, `${what}: it is an error`);
  assert.deepEqual([found.kind, found.final], [kind, final], `${what}: ${found.message}`);
}

/** Without a token, or without the document of the machine, nothing that is asked means anything. */
const MUST_HAVE = new Set(['ec2', 'azure', 'aliyun', 'akamai', 'ibm-vpc', 'oracle']);
/** 404 is a service from before there were tokens. */
const OPTIONAL_TOKENS = new Set(['ec2', 'aliyun']);

/** For every path. */
const ALWAYS: [what: string, answer: Answer, kind: MetadataErrorKind, final: boolean][] = [
  ['401', { status: 401 }, 'denied', true],
  ['403', { status: 403 }, 'denied', true],
  ['429', { status: 429 }, 'status', false],
  ['500', { status: 500 }, 'status', false],
  ['502', { status: 502 }, 'status', false],
  ['a redirect', { status: 302, headers: { location: 'http://192.0.2.1/' } }, 'status', true],
  ['no answer', { silent: true }, 'unreachable', false],
  ['an answer drop by drop', { drips: true }, 'unreachable', false],
  ['half an answer', { body: 'hunter2', cut: true }, 'unreachable', false],
  ['too much', { body: 'x'.repeat(1024 * 1024 + 1) }, 'unreachable', false],
];

/** For the path of the user-data alone: the rest is as the cloud has it. */
const FOR_USER_DATA = ALWAYS.filter(([what]) => what !== 'too much');

for (const [name, cloud] of Object.entries(CLOUDS)) {
  test(`${name}: no answer, half of one, and statuses that are none`, async (t) => {
    for (const [what, answer, kind, final] of ALWAYS) {
      const headers = { ...google, ...answer.headers };
      const found = await served(t, name, cloud, () => ({ ...answer, headers }), hasteFor(answer));
      assertError(found, kind, final, what);
    }
  });

  test(`${name}: the same for the user-data alone`, async (t) => {
    const paths = new Set(Object.keys(cloud.userData('x')));
    for (const [what, answer, kind, final] of FOR_USER_DATA) {
      const rest = byPath({ ...cloud.answers, ...cloud.userData('') });
      const found = await served(
        t,
        name,
        cloud,
        (request) => {
          if (paths.has(request.url ?? '')) return { ...answer, headers: { ...google, ...answer.headers } };
          const given = cloud.guard?.(request) ?? rest(request);
          if (given === undefined) return { status: 404, headers: google };
          return typeof given === 'string' ? { body: given, headers: google } : given;
        },
        hasteFor(answer),
      );
      // Scaleway's 429 is about the port: another one is tried, then it is the same error.
      assertError(found, kind, final, what);
    }
  });

  test(`${name}: 404, 204 and 410 for everything are absence, or an error where something must be there first`, async (t) => {
    for (const status of [404, 204, 410]) {
      const found = await served(t, name, cloud, () => ({ status, headers: google }));
      if (MUST_HAVE.has(name) && (status !== 404 || !OPTIONAL_TOKENS.has(name)))
        assert.match(String(found), new RegExp(`the answer has status ${status}|answer has status 404`));
      else if (found instanceof MetadataError) assert.fail(found.message);
      else assert.deepEqual(found.payloads, [], String(status));
    }
  });

  test(`${name}: a page of a proxy is neither absence nor an answer, and is asked again`, async (t) => {
    for (const body of ['<html>hunter2</html>', '\ufeff\n<!DOCTYPE html>\n<title>Log in</title>']) {
      const found = await served(t, name, cloud, () => ({ body, headers: google }));
      assertError(found, 'identity', false, body);
    }
  });

  test(`${name}: a service that is not there is unreachable, and every address is named`, async (t) => {
    const { base } = await metadataServer(t, () => undefined);
    const port = Number(new URL(base).port);
    const bases = ['http://127.0.0.1:1', 'http://[::1]:1'];
    assert.notEqual(port, 1);
    const found = await asked(t, name, cloud, bases);
    assertError(found, 'unreachable', false, 'nobody listens');
    for (const one of bases)
      assert.ok((found as MetadataError).message.includes(one), (found as MetadataError).message);
  });

  test(`${name}: when the first address is silent the next one is asked`, async (t) => {
    const { base } = await metadataServer(t, (request) => {
      const given = cloud.guard?.(request) ?? byPath({ ...cloud.answers, ...cloud.userData('eA==') })(request);
      return given === undefined
        ? { status: 404, headers: google }
        : typeof given === 'string'
          ? { body: given, headers: google }
          : given;
    });
    const found = await asked(t, name, cloud, ['http://127.0.0.1:1', base]);
    assert.ok(!(found instanceof MetadataError), String(found));
    assert.equal(found.payloads.length, 1);
  });
}
