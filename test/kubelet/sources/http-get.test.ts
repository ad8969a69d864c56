import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { get, publicUrl } from '../../../src/kubelet/sources/http-get.ts';
import { createClock } from '../../cri/clock.ts';

const TLS = new URL('../../fixtures/tls/', import.meta.url);
const certificate = readFileSync(new URL('localhost.crt', TLS), 'utf8');
const key = readFileSync(new URL('localhost.key', TLS), 'utf8');

interface Site {
  origin: string;
  requests: http.IncomingMessage[];
}

/** A server that answers each path with a redirect to what is set for it, and every other path with `hello`. */
async function site(t: TestContext, scheme: 'http' | 'https', redirects: Record<string, string> = {}): Promise<Site> {
  const requests: http.IncomingMessage[] = [];
  const answer: http.RequestListener = (request, response) => {
    requests.push(request);
    const location = redirects[request.url ?? ''];
    response.writeHead(location === undefined ? 200 : 302, location === undefined ? {} : { location }).end('hello');
  };
  const server: Server =
    scheme === 'https' ? https.createServer({ key, cert: certificate }, answer) : http.createServer(answer);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => server.close());
  return { origin: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function fetchText(url: string, headers: Record<string, string[]> = {}): Promise<string> {
  const options = { timeoutMs: 1000, limitBytes: 100, env: createClock(), signal: new AbortController().signal };
  return get({ url: new URL(url), headers, ...options }).then(({ status, body }) => `${status} ${Buffer.from(body)}`);
}

test('redirects are followed, relative and absolute, with the headers on the same host', async (t) => {
  const redirects: Record<string, string> = { '/a': 'b?x=1' };
  const { origin, requests } = await site(t, 'http', redirects);
  redirects['/b?x=1'] = `${origin}/c`;
  assert.equal(await fetchText(`${origin.replace('//', '//u:p@')}/a`, { 'X-Token': ['secret'] }), '200 hello');
  assert.deepEqual(
    requests.map((request) => request.url),
    ['/a', '/b?x=1', '/c'],
  );
  for (const { headers } of requests) {
    assert.equal(headers['x-token'], 'secret');
    assert.equal(headers.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`);
  }
});

test('headers and credentials do not go to another host', async (t) => {
  const other = await site(t, 'http');
  const { origin } = await site(t, 'http', { '/': `${other.origin}/there` });
  assert.equal(await fetchText(`${origin.replace('//', '//u:p@')}/`, { 'X-Token': ['secret'] }), '200 hello');
  assert.equal(other.requests[0]?.url, '/there');
  assert.equal(other.requests[0]?.headers['x-token'], undefined);
  assert.equal(other.requests[0]?.headers.authorization, undefined);
});

test('redirects without end stop', async (t) => {
  const { origin, requests } = await site(t, 'http', { '/': '/' });
  await assert.rejects(fetchText(`${origin}/`), { message: 'more than 5 redirects' });
  assert.equal(requests.length, 6);
});

test('redirects to other schemes are refused', async (t) => {
  const { origin } = await site(t, 'http', { '/file': 'file:///etc/passwd', '/odd': 'http://[' });
  await assert.rejects(fetchText(`${origin}/file`), { message: 'redirected to the scheme file:' });
  await assert.rejects(fetchText(`${origin}/odd`), { message: 'redirected to what is no URL' });
});

test('https needs a certificate that is trusted, and never falls back to http', async (t) => {
  const plain = await site(t, 'http');
  const { origin } = await site(t, 'https', { '/down': `${plain.origin}/` });
  await assert.rejects(fetchText(`${origin}/`), /self-signed certificate/);
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, certificate]);
  t.after(() => tls.setDefaultCACertificates(before));
  assert.equal(await fetchText(`${origin}/`), '200 hello');
  await assert.rejects(fetchText(`${origin}/down`), { message: 'redirected from https to http' });
  assert.equal(plain.requests.length, 0);
});

test('http may lead to https', async (t) => {
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, certificate]);
  t.after(() => tls.setDefaultCACertificates(before));
  const secure = await site(t, 'https');
  const { origin } = await site(t, 'http', { '/': `${secure.origin}/` });
  assert.equal(await fetchText(`${origin}/`), '200 hello');
});

test('a URL is shown without user, password, query and fragment', () => {
  assert.equal(publicUrl(new URL('https://u:p@example.org:8443/a/b?sig=x#y')), 'https://example.org:8443/a/b?…');
  assert.equal(publicUrl(new URL('http://example.org')), 'http://example.org/');
});

test('a certificate is good when its authority is named, and not otherwise', async (t) => {
  const { origin } = await site(t, 'https');
  const options = {
    headers: {},
    timeoutMs: 1000,
    limitBytes: 100,
    env: createClock(),
    signal: new AbortController().signal,
  };
  const url = new URL(origin);
  await assert.rejects(get({ url, ...options }), /certificate/);
  assert.equal((await get({ url, ...options, ca: [certificate] })).status, 200);
});
