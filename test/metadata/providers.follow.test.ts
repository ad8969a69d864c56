/** How changes are heard of: the events of Incus and LXD, with the bare line ends that their stream has. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import net from 'node:net';
import { dirname } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FetchContext, Provider } from '../../src/metadata/provider.ts';
import { PROVIDERS } from '../../src/metadata/providers.ts';
import { Service } from '../../src/metadata/service.ts';
import { testEnv } from './env.ts';
import { makeMachine } from './machine.ts';

const KEY = '/1.0/config/user.rower-manifest';
const EVENT = '{"type":"config","metadata":{"key":"user.rower-manifest","old_value":"a","value":"b"}}\n';

/** A guest's socket: one value that changes, and a stream of events. */
class Guest {
  value = 'a';
  readonly asked: string[] = [];
  readonly streams = new Set<net.Socket>();
  events: 'stream' | 'refused' = 'stream';

  async start(t: TestContext): Promise<FetchContext> {
    const machine = await makeMachine(t);
    const path = machine.path('/dev/lxd/sock');
    await mkdir(dirname(path), { recursive: true });
    const sockets = new Set<net.Socket>();
    const server = net.createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('data', (chunk) => this.#answer(socket, String(chunk).split(' ')[1] ?? ''));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const [env, { signal }] = [testEnv(), new AbortController()];
    const bases = (await lxd.bases?.(machine)) ?? [];
    return { machine, service: new Service(bases, env, signal), env, signal };
  }

  #answer(socket: net.Socket, path: string): void {
    this.asked.push(path);
    if (path.startsWith('/1.0/events') && this.events === 'stream') {
      socket.write('HTTP/1.1 200 OK\nConnection: keep-alive\nContent-Type: application/json\n\n');
      this.streams.add(socket);
      return;
    }
    const [status, body] = path === KEY ? ['200 OK', this.value] : ['404 Not Found', ''];
    socket.end(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
  }
}

const lxd = PROVIDERS.find(({ name }) => name === 'lxd') as Provider;
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test('lxd: a change is heard of at once, and its mark is another one', async (t) => {
  const guest = new Guest();
  const context = await guest.start(t);
  const first = await lxd.waitForChange?.(context, undefined);
  assert.equal(await lxd.waitForChange?.(context, undefined), first);
  assert.ok(!guest.asked.some((path) => path.includes('events')));
  const next = lxd.waitForChange?.(context, first);
  await until(() => guest.streams.size > 0);
  guest.value = 'b';
  for (const stream of guest.streams) stream.write(EVENT);
  assert.notEqual(await next, first);
});

test('lxd: an event about another key leaves the mark as it is', async (t) => {
  const guest = new Guest();
  const context = await guest.start(t);
  const first = await lxd.waitForChange?.(context, undefined);
  const next = lxd.waitForChange?.(context, first);
  await until(() => guest.streams.size > 0);
  for (const stream of guest.streams) stream.write(EVENT);
  assert.equal(await next, first);
});

for (const events of ['stream', 'refused'] as const) {
  test(`lxd: without an event (${events}) the value is looked at all the same after a while`, async (t) => {
    const guest = new Guest();
    guest.events = events;
    const context = await guest.start(t);
    const first = await lxd.waitForChange?.(context, undefined);
    const hurried = { ...context, env: testEnv(20) };
    const bases = (await lxd.bases?.(context.machine)) ?? [];
    const next = lxd.waitForChange?.({ ...hurried, service: new Service(bases, hurried.env, context.signal) }, first);
    guest.value = 'b';
    assert.notEqual(await next, first);
  });
}

test('every provider has recorded answers, files or a disc in the tests beside this one', () => {
  const files = globSync('*.ts', { cwd: import.meta.dirname }).filter((name) => /^(?:clouds|providers\.)/.test(name));
  const texts = files.map((name) => readFileSync(`${import.meta.dirname}/${name}`, 'utf8')).join('\n');
  const missing = PROVIDERS.filter(({ name }) => !new RegExp(`['"]${name}['"]|^  ${name}: `, 'm').test(texts));
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
  );
});
