import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { readTexts, unwrap } from '../../src/http/protobuf.ts';
import { parseFieldSelector, parseLabelSelector } from '../../src/http/selectors.ts';
import { ApiError } from '../../src/http/status.ts';
import { decodeMessage, encodeMessage, messageLength } from '../../src/kubelet/dbus/wire.ts';
import { call, serve } from '../http/endpoint.ts';
import { once, type Target, texts, throwsOnly, words } from './target.ts';

/** One for all inputs of a process. */
const endpoint = once(() => serve());

const get = (path: string, ...headers: string[]) =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers.map((line) => `${line}\r\n`).join('')}Connection: close\r\n\r\n`;

export const http: Target = {
  name: 'http',
  corpus: () =>
    texts(
      get(
        '/api/v1/pods?labelSelector=a%3Db&limit=1',
        'Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
      ),
      get('/api/v1/namespaces/default/pods/web-n1/log?tailLines=1&follow=1', 'Authorization: Bearer x'),
      get('/containerLogs/default/web-n1/main'),
      get('/openapi/v2', 'Accept-Encoding: gzip'),
      get('/?q=a', 'Accept: text/html', 'Origin: http://localhost'),
      get('/metrics'),
      'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 20\r\nConnection: close\r\n\r\n{"kind":"x","spec":0}',
    ),
  words: words(
    ...['\r\n', '\n', '\0', '..', '/../', '%2e%2e%2f', '%00', '%', '?', '&', '#', '//', 'HTTP/9.9', ' ', 'Host: ', 'é'],
    ...['Transfer-Encoding: chunked\r\n', 'Content-Length: 5\r\n', 'Content-Length: -1\r\n', 'Upgrade: websocket\r\n'],
    ...[
      'Expect: 100-continue\r\n',
      'Range: bytes=0-\r\n',
      'Connection: Upgrade\r\n',
      'watch=1',
      'limit=',
      'continue=',
      'DELETE ',
    ],
  ),
  async run(bytes) {
    const server = await endpoint();
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.end(bytes));
      socket.unref();
      // What goes on, as a watch does, has been taken.
      socket.once('data', (answer: Buffer) => {
        assert.match(answer.toString('latin1', 0, 9), /^HTTP\/1\.1 /);
        assert.doesNotMatch(answer.toString('latin1', 0, 16), / 500 /, answer.toString('latin1', 0, 2000));
        socket.destroy();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });
    if (bytes.length % 16 === 0) assert.equal((await call(server, '/healthz')).status, 200);
  },
  close: async () => (await endpoint()).close(),
};

export const selectors: Target = {
  name: 'selectors',
  corpus: () => texts('a=b,c!=d,!e,f in (g,h),i notin (j)', 'metadata.name=a,status.phase!=Running'),
  words: words('=', '==', '!=', '!', ',', ' in ', ' notin ', '(', ')', '/', '\\', '-', '.'),
  run(bytes) {
    // Longer URLs are refused.
    const text = bytes.toString('utf8', 0, 8 * 1024);
    throwsOnly(() => parseLabelSelector(text)({ a: 'b', f: 'g' }), ApiError);
    throwsOnly(() => parseFieldSelector(text, ['metadata.name', 'status.phase'])(() => 'a'), ApiError);
  },
};

export const protobuf: Target = {
  name: 'protobuf',
  corpus: () => [Buffer.from('k8s\0\x12\x06\x0a\x04abcd\x18\x01', 'latin1')],
  words: words(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]), 'k8s\0', '\x12', '\x0a', Buffer.from([0x80])),
  run: (bytes) => throwsOnly(() => readTexts(unwrap(bytes), { 1: 'a', 2: 'b' }), ApiError),
};

export const dbus: Target = {
  name: 'dbus',
  corpus: once(() => [
    encodeMessage({
      type: 'signal',
      serial: 7,
      path: '/org/freedesktop/login1',
      interface: 'org.freedesktop.login1.Manager',
      member: 'PrepareForShutdown',
      signature: 'b',
      body: [true],
    } as never),
  ]),
  words: words('a{sv}', '((((', 'v', Buffer.from([0xff, 0xff, 0xff, 0xff]), 'l\x04\x01\x01'),
  run: (bytes) =>
    throwsOnly(() => {
      const length = bytes.length >= 16 ? messageLength(bytes) : undefined;
      if (length !== undefined && length <= bytes.length) decodeMessage(bytes.subarray(0, length));
    }, Error),
};
