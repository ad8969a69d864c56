/** A container's log in a directory of its own, written and rotated as a runtime and the agent do. */
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { gzipSync } from 'node:zlib';

/** A line as containerd writes it; times count up from the start of 2026. */
export function criLine(number: number, text = `line ${number}`): string {
  return `${new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString()} stdout F ${text}\n`;
}

export interface LogFiles {
  readonly directory: string;
  readonly current: string;
  write(text: string): void;
  /** The current file becomes a part; returns its path. */
  rotate(stamp: string): string;
  compress(path: string): void;
}

/** Removed after the tests of the suite that calls it. */
export function logFiles(): LogFiles {
  const directory = mkdtempSync(join(tmpdir(), 'logs-'));
  after(() => rmSync(directory, { recursive: true }));
  const current = join(directory, '0.log');
  return {
    directory,
    current,
    write: (text) => appendFileSync(current, text),
    rotate(stamp) {
      renameSync(current, `${current}.${stamp}`);
      writeFileSync(current, '');
      return `${current}.${stamp}`;
    },
    compress(path) {
      writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
      rmSync(path);
    },
  };
}
