/** The form of a recorded cloud, and small makers of answers. */
import type http from 'node:http';
import type { MachineFiles } from './machine.ts';
import type { Answer } from './server.ts';

export interface Cloud {
  /** By path, without the user-data. */
  answers: Record<string, string>;
  /** The answers that hold this user-data. */
  userData: (text: string) => Record<string, string>;
  base64?: true;
  /** Name of the payload. */
  payload: string;
  attributes: Record<string, string>;
  empty: 'empty' | 'none';
  /** When 404 does not mean that there is none. */
  absent?: 'not yet';
  /** Answers what breaks the rules of the service. */
  guard?: (request: http.IncomingMessage) => Answer | undefined;
  machine?: MachineFiles;
}

export function metaData(root: string, values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${root}${name}`, value]));
}

export function needs(header: string, value: string): (request: http.IncomingMessage) => Answer | undefined {
  return (request) => (request.headers[header] === value ? undefined : { status: 401 });
}

export function needsToken(tokenPath: string, ttlHeader: string, tokenHeader: string) {
  return (request: http.IncomingMessage): Answer | undefined => {
    if (request.url === tokenPath) {
      if (request.method !== 'PUT') return { status: 405 };
      return Number(request.headers[ttlHeader]) > 0 ? { body: 'TOKEN' } : { status: 400 };
    }
    return request.headers[tokenHeader] === 'TOKEN' ? undefined : { status: 401 };
  };
}
