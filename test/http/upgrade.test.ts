import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { BEARER_PROTOCOL } from '../../src/http/access.ts';
import { frame } from '../../src/http/websocket.ts';
import { serve } from './endpoint.ts';
import { podView, published } from './fixture.ts';
import { masked } from './frames.ts';
import { serveFull } from './full.ts';

const HANDSHAKE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
const WATCH = '/api/v1/pods?watch=1';

interface Outcome {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  socket?: Socket;
}

/** What a handshake is answered with. */
function upgrade(url: string, options: https.RequestOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const library = url.startsWith('https') ? https : http;
    const request = library.request(url, { agent: false, ...options, headers: { ...HANDSHAKE, ...options.headers } });
    request.on('upgrade', ({ statusCode = 0, headers }, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve({ status: statusCode, headers, text: '', socket });
    });
    request.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.on('error', reject);
    request.end();
  });
}

/** The messages of a server as they come: text, and what a close says. */
async function* messages(socket: Socket): AsyncGenerator<{ opcode: number; payload: Buffer }> {
  let rest = Buffer.alloc(0);
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const short = (rest[1] ?? 0) & 0x7f;
      const at = short === 126 ? 4 : 2;
      if (rest.length < at) break;
      const length = short === 126 ? rest.readUInt16BE(2) : short;
      if (rest.length < at + length) break;
      yield { opcode: (rest[0] ?? 0) & 0x0f, payload: rest.subarray(at, at + length) };
      rest = rest.subarray(at + length);
    }
  }
}

test('a watch over a WebSocket tells each change in a message, and ends in order', async () => {
  const endpoint = await serve(published([podView('a')]));
  const heard: string[] = [];
  const socket = new WebSocket(`${endpoint.url.replace('http', 'ws')}${WATCH}`, ['base64.binary.k8s.io']);
  const said = (count: number) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (heard.length >= count) resolve();
      };
      socket.addEventListener('message', check);
      check();
    });
  socket.addEventListener('message', ({ data }) => {
    const { type, object } = JSON.parse(String(data));
    heard.push(`${type} ${object.metadata.name}`);
  });
  await said(1);
  assert.equal(socket.protocol, 'base64.binary.k8s.io');
  endpoint.publish(published([podView('a', { version: '2' }), podView('b')]));
  await said(3);
  const closed = once(socket, 'close');
  await endpoint.close();
  const [event] = (await closed) as [CloseEvent];
  assert.deepEqual([event.code, event.wasClean], [1000, true]);
  assert.deepEqual(heard, ['ADDED a-node-1', 'MODIFIED a-node-1', 'ADDED b-node-1']);
  while (endpoint.observed.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(endpoint.observed.at(-1), {
    pattern: '/api/v1/:resource',
    method: 'GET',
    status: 101,
    isStream: true,
    serverType: 'readonly',
  });
});

test('a ping is answered, a close too, and what is no frame ends the watch', async () => {
  const endpoint = await serve(published([]));
  try {
    const first = await upgrade(`${endpoint.url}${WATCH}`);
    assert.deepEqual([first.status, first.headers['sec-websocket-accept']], [101, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
    first.socket?.write(masked(frame('ping', Buffer.from('hello'))));
    first.socket?.write(masked(frame('text', Buffer.from('is not listened to'))));
    first.socket?.write(masked(frame('close', Buffer.of(3, 232))));
    const answers = [];
    for await (const { opcode, payload } of messages(first.socket as Socket))
      answers.push([opcode, payload.toString('hex')]);
    assert.deepEqual(answers, [
      [10, Buffer.from('hello').toString('hex')],
      [8, '03e8'],
    ]);

    const second = await upgrade(`${endpoint.url}${WATCH}`);
    second.socket?.write(frame('text', Buffer.from('without a mask')));
    const { value: last } = await messages(second.socket as Socket).next();
    assert.deepEqual([last.opcode, last.payload.toString('hex')], [8, '03ea']);
  } finally {
    await endpoint.close();
  }
});

test('errors are plain answers', async () => {
  const endpoint = await serve();
  try {
    const cases: [string, Record<string, string>, number][] = [
      [WATCH, { Origin: 'http://evil.example' }, 403],
      [WATCH, { Host: 'evil.example' }, 403],
      [WATCH, { 'Sec-WebSocket-Key': 'short' }, 400],
      [WATCH, { 'Sec-WebSocket-Version': '8' }, 400],
      [`${WATCH}&labelSelector=%3D`, {}, 400],
      ['/api/v1/nothing?watch=1', {}, 404],
      ['/api/v1/namespaces/default/pods/web-node-1/log?follow=1', {}, 405],
      ['/api/v1/namespaces/default/pods/web-node-1/exec?command=ls', {}, 405],
      // No stream: the upgrade is not taken, and the request is answered.
      ['/api/v1/pods', {}, 200],
      ['/healthz', {}, 200],
    ];
    for (const [path, headers, status] of cases) {
      const outcome = await upgrade(`${endpoint.url}${path}`, { headers });
      assert.equal(outcome.status, status, `${path} ${outcome.text}`);
      if (status >= 400) assert.equal(JSON.parse(outcome.text).code, status);
    }
  } finally {
    await endpoint.close();
  }
});

test('a browser gives its token as a protocol, and reads a log in messages', async () => {
  const full = await serveFull();
  try {
    const path = '/api/v1/namespaces/default/pods/web-node-1/log?container=main';
    const bearer = `${BEARER_PROTOCOL}${Buffer.from(full.token).toString('base64url')}`;
    const ask = (protocols: string) =>
      upgrade(`${full.url}${path}`, {
        ca: full.cert,
        servername: 'localhost',
        headers: { 'Sec-WebSocket-Protocol': protocols },
      });
    assert.equal((await ask('binary.k8s.io')).status, 401);
    assert.equal((await ask(`${BEARER_PROTOCOL}bm9wZQ, binary.k8s.io`)).status, 401);
    for (const [protocol, decode] of [
      ['binary.k8s.io', (payload: Buffer) => payload.toString()],
      ['base64.binary.k8s.io', (payload: Buffer) => Buffer.from(payload.toString(), 'base64').toString()],
    ] as const) {
      const outcome = await ask(`${bearer}, ${protocol}`);
      assert.deepEqual([outcome.status, outcome.headers['sec-websocket-protocol']], [101, protocol]);
      let text = '';
      for await (const { opcode, payload } of messages(outcome.socket as Socket))
        if (opcode < 8) text += decode(payload);
      assert.equal(text, 'one\ntwo\nthree\n');
    }
  } finally {
    await full.close();
  }
});
