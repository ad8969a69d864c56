import { createConnection, type Socket } from 'node:net';
import type { Env } from '../env.ts';
import { decodeMessage, encodeMessage, type Message, messageLength } from './wire.ts';

const SYSTEM_BUS_SOCKET = '/run/dbus/system_bus_socket';
const BUS = 'org.freedesktop.DBus';
const ANSWER_WITHIN_MS = 25_000;
/** A greeting is a few words. */
const MAX_GREETING_BYTES = 16 * 1024;

/** Where the system bus is: `address` is the value of DBUS_SYSTEM_BUS_ADDRESS, which wins when it names a socket. */
export function systemBusSocket(address = ''): string {
  return /(?:^|;)unix:path=([^,;]+)/.exec(address)?.[1] ?? SYSTEM_BUS_SOCKET;
}

/** A method of an object of a service. */
export interface Method {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
}

/** A connection to a message bus, as a client. */
export interface Bus {
  /** Resolves to the values that the method returns. Rejects with the error's text, or when the connection ends. */
  call(method: Method, signature?: string, ...values: unknown[]): Promise<readonly unknown[]>;
  /** Has the signals that match sent here (D-Bus Specification, match rules). */
  subscribe(rule: string, listener: (signal: Message) => void): Promise<void>;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
  close(): void;
}

/**
 * Connects and says hello. Rejects when there is nobody.
 *
 * peer: there is no bus, which would want the hello. unref: only calls keep the process, not the connection.
 */
export async function connectBus(
  env: Env,
  socketPath: string,
  { peer = false, unref = false }: { peer?: boolean; unref?: boolean } = {},
): Promise<Bus> {
  const socket = createConnection(socketPath);
  if (unref) socket.unref();
  const connection = new Connection(env, socket);
  try {
    await connection.greet();
    if (!peer)
      await connection.call({ destination: BUS, path: '/org/freedesktop/DBus', interface: BUS, member: 'Hello' });
    return connection;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

class Connection implements Bus {
  readonly #env: Env;
  readonly #socket: Socket;
  readonly ended: Promise<void>;
  #received = Buffer.alloc(0);
  #greeted: ((line: string) => void) | undefined;
  #serial = 0;
  readonly #waiting = new Map<number, (answer: Message | Error) => void>();
  readonly #listeners: ((signal: Message) => void)[] = [];

  constructor(env: Env, socket: Socket) {
    this.#env = env;
    this.#socket = socket;
    let why = new Error('the connection to the D-Bus ended');
    socket.on('error', (error) => {
      why = error;
    });
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        for (const answer of this.#waiting.values()) answer(why);
        this.#waiting.clear();
        resolve();
      });
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#receive(chunk);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Authentication by the user id that the kernel vouches for. */
  async greet(): Promise<void> {
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
    const line = await this.#answer(0, () => {
      this.#greeted = (text) => this.#waiting.get(0)?.({ type: 'return', serial: 0, body: [text] });
      this.#socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
    });
    if (!String(line[0]).startsWith('OK ')) throw new Error(`the D-Bus refuses this user: ${line[0]}`);
    this.#greeted = undefined;
    this.#socket.write('BEGIN\r\n');
  }

  async call(method: Method, signature = '', ...values: unknown[]): Promise<readonly unknown[]> {
    this.#serial += 1;
    const serial = this.#serial;
    return this.#answer(serial, () =>
      this.#socket.write(encodeMessage({ type: 'call', serial, ...method, signature, body: values })),
    );
  }

  async subscribe(rule: string, listener: (signal: Message) => void): Promise<void> {
    this.#listeners.push(listener);
    await this.call({ destination: BUS, path: '/org/freedesktop/DBus', interface: BUS, member: 'AddMatch' }, 's', rule);
  }

  #answer(serial: number, send: () => void): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      const cancel = this.#env.after(ANSWER_WITHIN_MS, () =>
        settle(new Error(`no answer from the D-Bus within ${ANSWER_WITHIN_MS / 1000} s`)),
      );
      const settle = (answer: Message | Error) => {
        cancel();
        this.#waiting.delete(serial);
        if (answer instanceof Error) reject(answer);
        else if (answer.type === 'error') reject(new Error(`${answer.errorName}: ${answer.body?.[0] ?? ''}`));
        else resolve(answer.body ?? []);
      };
      if (this.#socket.destroyed) return settle(new Error('the connection to the D-Bus ended'));
      this.#waiting.set(serial, settle);
      send();
    });
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length > 0) {
      if (this.#greeted) {
        const end = this.#received.indexOf('\r\n');
        if (end < 0 && this.#received.length > MAX_GREETING_BYTES) throw new Error('this is no D-Bus');
        if (end < 0) return;
        const line = this.#received.subarray(0, end).toString();
        this.#received = this.#received.subarray(end + 2);
        this.#greeted(line);
        continue;
      }
      const length = messageLength(this.#received);
      if (length === undefined || this.#received.length < length) return;
      const message = decodeMessage(this.#received.subarray(0, length));
      this.#received = this.#received.subarray(length);
      if (message.replySerial !== undefined) this.#waiting.get(message.replySerial)?.(message);
      else if (message.type === 'signal') for (const listener of this.#listeners) listener(message);
    }
  }
}
