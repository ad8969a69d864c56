/** The unix socket between an agent and a runtime, as a proxy that can be cut, stopped and filled with noise. */
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class Wire {
  readonly #path: string;
  readonly #behind: string;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #server: Server | undefined;
  #frozen = false;

  /** Listens on `path` from `open` on, and passes everything on to the socket `behind`. */
  constructor(path: string, behind: string) {
    this.#path = path;
    this.#behind = behind;
  }

  /** Connections there are now. */
  get connections(): number {
    return this.#pairs.size;
  }

  async open(): Promise<void> {
    await rm(this.#path, { force: true });
    const server = createServer((near) => this.#join(near));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#path, resolve);
    });
  }

  /** The process behind it ends: every connection breaks off, and the socket goes. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.reset();
    if (server) await new Promise((resolve) => server.close(resolve));
    await rm(this.#path, { force: true });
  }

  /** Ends every connection; new ones are taken. */
  reset(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    this.#pairs.clear();
  }

  /** The process behind it hangs: connections stay and are taken, and nothing passes. */
  freeze(): void {
    this.#frozen = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** It goes on where it was. */
  thaw(): void {
    this.#frozen = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  /** Bytes that are no HTTP/2 reach the agent on every connection. */
  babble(bytes: Uint8Array): void {
    for (const [near] of this.#pairs) near.write(bytes);
  }

  #join(near: Socket): void {
    const far = connect(this.#behind);
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    const pass = (from: Socket, to: Socket) => {
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => {});
      from.on('close', () => {
        this.#pairs.delete(pair);
        to.destroy();
      });
      if (this.#frozen) from.pause();
    };
    pass(near, far);
    pass(far, near);
  }
}
