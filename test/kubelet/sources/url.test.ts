import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { urlSource } from '../../../src/kubelet/sources/url.ts';
import { type Clock, createClock } from '../../cri/clock.ts';
import { manifest, Watching } from './watching.ts';

const POLL_MS = 20_000;
const A = 'default/a-node x:1';

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** A server that gives the current answer, and a source that polls it when the test moves the clock. */
class Polled {
  readonly requests: http.IncomingMessage[] = [];
  readonly server: http.Server;
  answer: Answer;
  #watching: Watching<Clock> | undefined;

  constructor(answer: Answer) {
    this.answer = answer;
    this.server = http.createServer((request, response) => {
      this.requests.push(request);
      this.answer(request, response);
    });
  }

  get watching(): Watching<Clock> {
    assert.ok(this.#watching);
    return this.#watching;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async start(t: TestContext, location: string, headers: Record<string, string[]> = {}): Promise<void> {
    await new Promise<void>((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve);
    });
    t.after(() => this.server.close());
    const url = location.replace('HOST', `127.0.0.1:${this.port}`);
    this.#watching = Watching.manual((env) => urlSource({ url, headers, pollMs: POLL_MS, nodeName: 'node', env }));
    t.after(() => this.watching.stop());
    await this.polled();
  }

  /** Waits until a poll is over: only its next start is waited for. */
  async polled(): Promise<void> {
    await this.watching.until(() => this.watching.env.pending().join() === String(POLL_MS));
  }

  async poll(): Promise<void> {
    const { length } = this.requests;
    this.watching.env.advance(POLL_MS);
    await this.watching.until(() => this.requests.length > length || this.watching.env.pending()[0] === POLL_MS);
    await this.polled();
  }
}

function say(body: string, headers: Record<string, string> = {}, status = 200): Answer {
  return (_request, response) => response.writeHead(status, headers).end(body);
}

async function polled(
  t: TestContext,
  answer: Answer,
  location = 'http://HOST/pods',
  headers: Record<string, string[]> = {},
) {
  const found = new Polled(answer);
  await found.start(t, location, headers);
  return found;
}

test('before the first answer nothing is known', () => {
  const source = urlSource({ url: 'http://127.0.0.1:1/x', headers: {}, pollMs: 1, nodeName: 'n', env: createClock() });
  assert.deepEqual(source.current(), { state: 'unknown', why: 'http://127.0.0.1:1/x was not read yet' });
});

test('only http and https are read', () => {
  const make = (url: string) => () => urlSource({ url, headers: {}, pollMs: 1, nodeName: 'n', env: createClock() });
  assert.throws(make('file:///etc/passwd'), /the scheme file: is not http or https/);
  assert.throws(make('nonsense'), TypeError);
});

test('Pods come from a Pod, from several documents and from a list', async (t) => {
  const p = await polled(t, say(manifest('a')));
  assert.deepEqual(p.watching.pods, [A]);
  assert.equal(p.watching.files[0]?.revisions[0]?.origin.kind, 'http');
  assert.equal(p.watching.files[0]?.revisions[0]?.pod.spec.tolerations, undefined);
  p.answer = say(`${manifest('a')}---\n${manifest('b')}`);
  await p.poll();
  assert.equal(p.watching.pods.length, 2);
  p.answer = say(
    '{"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"c"},"spec":{"containers":[{"name":"m","image":"x:1"}]}}]}',
  );
  await p.poll();
  assert.deepEqual(p.watching.pods, ['default/c-node x:1']);
});

test('the configured headers are sent', async (t) => {
  const p = await polled(t, say(''), 'http://HOST/', { 'Metadata-Flavor': ['Google'], 'X-Two': ['a', 'b'] });
  assert.equal(p.requests[0]?.headers['metadata-flavor'], 'Google');
  assert.equal(p.requests[0]?.headers['x-two'], 'a, b');
});

test('an ETag is sent back, and 304 leaves everything as it is', async (t) => {
  const p = await polled(t, say(manifest('a'), { etag: '"v1"', 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }));
  const before = p.watching.source.current();
  p.answer = say('', {}, 304);
  await p.poll();
  assert.equal(p.requests[1]?.headers['if-none-match'], '"v1"');
  assert.equal(p.requests[1]?.headers['if-modified-since'], undefined);
  assert.equal(p.watching.source.current(), before);
  assert.equal(p.watching.snapshots.length, 1);
  assert.deepEqual(p.watching.lines.all, []);
});

test('without an ETag the date is sent back', async (t) => {
  const date = 'Mon, 01 Jan 2024 00:00:00 GMT';
  const p = await polled(t, say(manifest('a'), { 'last-modified': date }));
  await p.poll();
  assert.equal(p.requests[1]?.headers['if-modified-since'], date);
});

test('equal bytes are no news', async (t) => {
  const p = await polled(t, say(manifest('a')));
  await p.poll();
  assert.equal(p.requests.length, 2);
  assert.equal(p.watching.snapshots.length, 1);
});

test('an answer that is not 200 changes nothing, and is warned of three times', async (t) => {
  const p = await polled(t, say(manifest('a')));
  p.answer = say('broken', {}, 503);
  for (let polls = 0; polls < 5; polls += 1) await p.poll();
  assert.deepEqual(p.watching.pods, [A]);
  const levels = p.watching.lines.all.map((line) => line.level);
  assert.deepEqual(levels, ['warn', 'warn', 'warn', 'debug', 'debug']);
  assert.match(JSON.stringify(p.watching.lines.all[0]), /the answer has status 503/);
  p.answer = say(manifest('b'));
  await p.poll();
  assert.deepEqual(p.watching.pods, ['default/b-node x:1']);
  assert.equal(p.watching.lines.all.at(-1)?.message, 'the manifest URL answers again');
});

test('what never answered is unknown, with the reason', async (t) => {
  const p = await polled(t, say('', {}, 404));
  const current = p.watching.source.current();
  assert.equal(current.state, 'unknown');
  assert.match(JSON.stringify(current), /the answer has status 404/);
  p.server.close();
  p.server.closeAllConnections();
  await p.poll();
  assert.match(JSON.stringify(p.watching.source.current()), /ECONNREFUSED/);
});

test('a body that is no manifest is an error without Pods', async (t) => {
  const p = await polled(t, say('<html>login</html>'));
  assert.deepEqual(p.watching.pods, []);
  assert.match(p.watching.errors[0] ?? '', /HTML/);
});

test('an empty body wants nothing, with a warning', async (t) => {
  const p = await polled(t, say(manifest('a')));
  p.answer = say('');
  await p.poll();
  assert.deepEqual(p.watching.pods, []);
  assert.deepEqual(p.watching.files[0]?.problems, [
    { severity: 'warning', field: '', message: 'zero-length data received: no Pods are wanted' },
  ]);
});

test('a body over the limit changes nothing', async (t) => {
  const p = await polled(t, say(manifest('a')));
  p.answer = say('#'.repeat(2 ** 20 + 1));
  await p.poll();
  assert.deepEqual(p.watching.pods, [A]);
  assert.match(JSON.stringify(p.watching.lines.all), /larger than the limit of 1048576 bytes/);
});

test('an answer that is cut off changes nothing', async (t) => {
  const p = await polled(t, say(manifest('a')));
  p.answer = (_request, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write(manifest('b'), () => response.destroy());
  };
  await p.poll();
  assert.deepEqual(p.watching.pods, [A]);
  assert.equal(p.watching.lines.all.length, 1);
});

test('no answer within ten seconds is a failure', async (t) => {
  const p = await polled(t, say(manifest('a')));
  p.answer = () => {};
  p.watching.env.advance(POLL_MS);
  await p.watching.until(() => p.requests.length === 2);
  assert.deepEqual(p.watching.env.pending(), [10_000]);
  p.watching.env.advance(10_000);
  await p.polled();
  assert.match(JSON.stringify(p.watching.lines.all), /no answer within 10000 ms/);
  assert.deepEqual(p.watching.pods, [A]);
});

test('stopping during a request ends at once and says nothing', async (t) => {
  const p = await polled(t, say(manifest('a')));
  p.answer = () => {};
  p.watching.env.advance(POLL_MS);
  await p.watching.until(() => p.requests.length === 2);
  await p.watching.stop();
  assert.deepEqual(p.watching.lines.all, []);
  assert.deepEqual(p.watching.env.pending(), []);
});

test('user, password and query are used and never shown', async (t) => {
  const p = await polled(t, say(manifest('a')), 'http://me:hunter2@HOST/pods?sig=hunter3');
  assert.equal(p.requests[0]?.headers.authorization, `Basic ${Buffer.from('me:hunter2').toString('base64')}`);
  assert.equal(p.requests[0]?.url, '/pods?sig=hunter3');
  p.answer = say('', {}, 500);
  await p.poll();
  p.answer = say('kind: [');
  await p.poll();
  const shown = JSON.stringify([p.watching.snapshots, p.watching.lines.all]);
  assert.doesNotMatch(shown, /hunter|me:/);
  assert.match(shown, /http:\/\/127\.0\.0\.1:\d+\/pods\?…/);
});

test('the query does not change who a Pod is', async (t) => {
  const p = await polled(t, say(manifest('a')), 'http://HOST/pods?token=1');
  const uid = p.watching.files[0]?.revisions[0]?.uid;
  const q = Watching.manual((env) =>
    urlSource({ url: `http://127.0.0.1:${p.port}/pods?token=2`, headers: {}, pollMs: POLL_MS, nodeName: 'node', env }),
  );
  t.after(() => q.stop());
  await q.until(() => q.pods.length > 0);
  assert.equal(q.files[0]?.revisions[0]?.uid, uid);
});
