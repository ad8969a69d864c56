/** A message bus in process: it greets, answers for itself and for services that a test gives it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMessage, encodeMessage, type Message, messageLength } from '../../../src/kubelet/dbus/wire.ts';

export interface BusServer {
  readonly socketPath: string;
  /** Match rules that clients asked for. */
  readonly rules: string[];
  signal(message: Omit<Message, 'type' | 'serial'>): void;
  /** Ends all connections; new ones are taken. */
  disconnect(): void;
  stop(): Promise<void>;
}

export type Answer = { signature: string; body: unknown[] } | { error: string } | 'none';

/** `answer` is asked for each call that is not for the bus itself. */
export async function startBus(
  answer: (call: Message) => Answer = () => ({ error: 'org.example.None' }),
  greeting = 'OK 0123',
): Promise<BusServer> {
  const dir = mkdtempSync(join(tmpdir(), 'bus-'));
  const socketPath = join(dir, 'socket');
  const sockets = new Set<Socket>();
  const rules: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    let received = Buffer.alloc(0);
    let greeted = false;
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (!greeted) {
        if (received.includes('BEGIN\r\n')) {
          greeted = true;
          received = received.subarray(received.indexOf('BEGIN\r\n') + 7);
        } else if (received.includes('\r\n')) {
          socket.write(`${greeting}\r\n`);
          received = Buffer.alloc(0);
        }
      }
      while (greeted) {
        const length = messageLength(received);
        if (length === undefined || received.length < length) return;
        const call = decodeMessage(received.subarray(0, length));
        received = received.subarray(length);
        const reply = own(call) ?? answer(call);
        if (reply === 'none') continue;
        const head = { serial: 1, replySerial: call.serial };
        socket.write(
          'error' in reply
            ? encodeMessage({ type: 'error', ...head, errorName: reply.error, signature: 's', body: ['no'] })
            : encodeMessage({ type: 'return', ...head, ...reply }),
        );
      }
    });
  });
  const own = (call: Message): Answer | undefined => {
    if (call.destination !== 'org.freedesktop.DBus') return undefined;
    if (call.member === 'AddMatch') rules.push(String(call.body?.[0]));
    return call.member === 'Hello' ? { signature: 's', body: [':1.1'] } : { signature: '', body: [] };
  };
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    socketPath,
    rules,
    signal: (message) => {
      for (const socket of sockets) socket.write(encodeMessage({ type: 'signal', serial: 1, ...message }));
    },
    disconnect: () => {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(dir, { recursive: true });
    },
  };
}
