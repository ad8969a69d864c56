/** One question to the status endpoint of the agent on this machine. */
import http from 'node:http';
import { UsageError } from './args.ts';

export const DEFAULT_SERVER = 'http://127.0.0.1:10255';

const ANSWER_LIMIT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Throws UsageError. */
export function readServer(text: string): URL {
  const server = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (server?.protocol !== 'http:') throw new UsageError(`--server ${text}: must be like ${DEFAULT_SERVER}`);
  return server;
}

/** Rejects with a short reason when there is no whole answer. `parts` of the path are encoded. */
export function ask(server: URL, parts: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = new URL(`/${parts.map(encodeURIComponent).join('/')}`, server);
    const call = http.request(url, { timeout: ANSWER_LIMIT_MS, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) call.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error(`nothing within ${ANSWER_LIMIT_MS / 1000} s`)));
    call.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ECONNREFUSED' ? new Error('connection refused') : error),
    );
    call.end();
  });
}

/** The agent's own words when it says no. */
export function refusal({ status, body }: Answer): string {
  try {
    const { kind, reason, message } = JSON.parse(body);
    if (kind === 'Status') return `Error from server (${reason}): ${message}`;
  } catch {
    // Not an API server's words: told by the code below.
  }
  return `Error from server: HTTP ${status}: is this the status endpoint of rower?`;
}
