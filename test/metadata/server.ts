/** A metadata service on this machine's loopback. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** The connection ends instead of an answer, or in the middle of one. */
  cut?: true;
  /** There is never an answer. */
  silent?: true;
  /** It comes drop by drop, and has no end. */
  drips?: true;
}

export type Answers = (request: http.IncomingMessage) => Answer | string | Uint8Array | undefined;

export interface MetadataServer {
  base: string;
  /** `GET /path` of every request, in order. */
  asked: string[];
}

/** What `answers` does not know is 404. */
export async function metadataServer(t: TestContext, answers: Answers): Promise<MetadataServer> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const given = answers(request) ?? { status: 404, body: '<html>not found</html>' };
    const answer: Answer = typeof given === 'string' || given instanceof Uint8Array ? { body: given } : given;
    if (answer.silent) return;
    const body = Buffer.from((answer.body ?? '') as string);
    if (answer.drips) {
      response.writeHead(200, answer.headers);
      const drop = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(drop));
      return;
    }
    if (answer.cut) {
      response.writeHead(200, { 'content-length': body.length + 10 });
      response.write(body, () => response.destroy());
      return;
    }
    response.writeHead(answer.status ?? 200, { 'content-length': body.length, ...answer.headers });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Fixed answers by path, the query included. */
export function byPath(table: Readonly<Record<string, string | Uint8Array | Answer>>): Answers {
  return (request) => table[request.url ?? ''];
}
