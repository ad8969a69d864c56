import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { realEnv } from '../../../hack/env.ts';
import { type LogOptions, openLog } from '../../../src/kubelet/logs/open-log.ts';
import { criLine, logFiles } from './log-files.ts';

const env = realEnv();
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}\n`).join('');
const written = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => criLine(from + index)).join('');
const STAMPS = ['20260101-000001', '20260101-000002', '20260101-000003', '20260101-000004'] as const;

async function read(directory: string, options: Partial<LogOptions> = {}): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of openLog({ env, directory, attempt: 0, ...options })) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

describe('a log of several parts', () => {
  const files = logFiles();
  files.write(written(1, 10));
  files.compress(files.rotate(STAMPS[0]));
  files.write(written(11, 20));
  files.rotate(STAMPS[1]);
  files.write(written(21, 30));
  writeFileSync(join(files.directory, '1.log'), criLine(99));
  writeFileSync(join(files.directory, '0.log.bak'), criLine(98));
  const { directory } = files;

  it('is read as one', async () => assert.equal(await read(directory), lines(1, 30)));
  it('has its last lines in any of them', async () => {
    for (const tail of [0, 1, 9, 10, 11, 20, 21, 29, 30, 31, 1000]) {
      assert.equal(
        await read(directory, { tailLines: tail }),
        tail === 0 ? '' : lines(Math.max(1, 31 - tail), 30),
        `the last ${tail}`,
      );
    }
  });
  it('since a time is read from the part where that is', async () => {
    const sinceMs = Date.UTC(2026, 0, 1, 0, 0, 15);
    assert.equal(await read(directory, { sinceMs }), lines(15, 30));
  });
  it('has the last lines counted before what is too old is left out', async () => {
    assert.equal(await read(directory, { tailLines: 3, sinceMs: Date.UTC(2026, 0, 1, 0, 0, 29) }), lines(29, 30));
  });
  it('ends at its limit in whatever part', async () => {
    assert.equal(await read(directory, { limitBytes: 90 }), lines(1, 30).slice(0, 90));
  });
  it('is another one for another attempt', async () =>
    assert.equal(await read(directory, { attempt: 1 }), 'line 99\n'));
  it('is empty when there is none', async () => {
    assert.equal(await read(directory, { attempt: 7 }), '');
    assert.equal(await read(join(directory, 'nowhere')), '');
  });
  it('leaves out parts that were last written before the time that is asked for', async () => {
    const old = join(directory, `2.log.${STAMPS[0]}`);
    writeFileSync(old, 'whatever');
    utimesSync(old, 1, 1);
    writeFileSync(join(directory, '2.log'), criLine(1));
    assert.equal(await read(directory, { attempt: 2, sinceMs: Date.UTC(2026, 0, 1) }), 'line 1\n');
  });
  it('is not followed to where a link leads, nor read from a directory', async () => {
    symlinkSync('/etc/hostname', join(directory, '3.log'));
    await assert.rejects(read(directory, { attempt: 3 }), /ELOOP/);
    mkdirSync(join(directory, '4.log'));
    await assert.rejects(read(directory, { attempt: 4 }), /not a regular file/);
  });
  it('says when a part is damaged', async () => {
    writeFileSync(join(directory, `5.log.${STAMPS[0]}.gz`), 'no gzip');
    await assert.rejects(read(directory, { attempt: 5 }), /incorrect header check/);
  });
});

describe('the last lines of a log', () => {
  const files = logFiles();
  it('are those of the whole, however it is cut into parts and however long its lines are', async () => {
    const part = fc.record({
      lengths: fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 5 }),
      compressed: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 4 }), fc.nat(12), async (parts, tailLines) => {
        rmSync(files.directory, { recursive: true });
        mkdirSync(files.directory);
        let number = 0;
        const texts: string[] = [];
        for (const [index, { lengths, compressed }] of parts.entries()) {
          for (const length of lengths) {
            number += 1;
            const text = 'x'.repeat(length) + number;
            texts.push(`${text}\n`);
            files.write(criLine(number, text));
          }
          if (lengths.length === 0 || index === parts.length - 1) continue;
          const path = files.rotate(STAMPS[index] as string);
          if (compressed) files.compress(path);
        }
        const all = await read(files.directory);
        assert.equal(all, texts.join(''));
        assert.equal(
          await read(files.directory, { tailLines }),
          tailLines === 0 ? '' : texts.slice(-tailLines).join(''),
        );
      }),
      { numRuns: 60 },
    );
  });
});

/** Reads step by step, so that a test decides how slow the reader is. */
function follower(directory: string, options: Partial<LogOptions> = {}) {
  const state = { running: true };
  const log = openLog({ env, directory, attempt: 0, follow: { isRunning: () => state.running }, ...options });
  let seen = '';
  return {
    /** The container ends. */
    end: () => {
      state.running = false;
    },
    /** Resolves once `text` has been read. */
    async until(text: string) {
      while (!seen.includes(text)) {
        const { value, done } = await log.next();
        if (done) throw new Error(`ended before ${JSON.stringify(text)}; read ${JSON.stringify(seen)}`);
        seen += value.toString();
      }
      return seen;
    },
    async rest() {
      for await (const chunk of log) seen += chunk.toString();
      return seen;
    },
  };
}

describe('a log that is followed', () => {
  it('goes on with what is written, into the next part, until the container has ended', async () => {
    const files = logFiles();
    files.write(written(1, 2));
    const log = follower(files.directory);
    await log.until('line 2\n');
    files.write(criLine(3));
    await log.until('line 3\n');
    files.rotate(STAMPS[0]);
    files.write(criLine(4));
    await log.until('line 4\n');
    files.write(criLine(5));
    log.end();
    assert.equal(await log.rest(), lines(1, 5));
  });

  it('loses nothing that was written after its file got another name', async () => {
    const files = logFiles();
    files.write(criLine(1));
    const log = follower(files.directory);
    await log.until('line 1\n');
    renameSync(files.current, `${files.current}.${STAMPS[0]}`);
    appendFileSync(`${files.current}.${STAMPS[0]}`, criLine(2));
    files.write(criLine(3));
    await log.until('line 3\n');
    log.end();
    assert.equal(await log.rest(), lines(1, 3));
  });

  it('catches up when several parts were rotated and compressed meanwhile', async () => {
    const files = logFiles();
    files.write(criLine(1));
    const log = follower(files.directory);
    await log.until('line 1\n');
    const first = files.rotate(STAMPS[0]);
    files.write(written(2, 3));
    const second = files.rotate(STAMPS[1]);
    files.compress(first);
    files.write(written(4, 5));
    files.compress(second);
    files.rotate(STAMPS[2]);
    files.write(criLine(6));
    log.end();
    assert.equal(await log.rest(), lines(1, 6));
  });

  it('waits for a file that is not there yet', async () => {
    const files = logFiles();
    const log = follower(files.directory);
    const reading = log.until('line 1\n');
    files.write(criLine(1));
    await reading;
    log.end();
    assert.equal(await log.rest(), lines(1, 1));
  });

  it('begins with its last lines, or with nothing', async () => {
    const files = logFiles();
    files.write(written(1, 9));
    const last = follower(files.directory, { tailLines: 2 });
    const nothing = follower(files.directory, { tailLines: 0 });
    const reading = nothing.until('line 10\n');
    await last.until('line 9\n');
    files.write(criLine(10));
    last.end();
    assert.equal(await last.rest(), lines(8, 10));
    assert.equal(await reading, lines(10, 10));
    nothing.end();
    await nothing.rest();
  });

  it('starts again at the beginning of a file that was cut', async () => {
    const files = logFiles();
    files.write(written(1, 5));
    const log = follower(files.directory);
    await log.until('line 5\n');
    truncateSync(files.current);
    files.write(criLine(6));
    await log.until('line 6\n');
    log.end();
    assert.equal(await log.rest(), lines(1, 6));
  });

  it('ends when it is told to', async () => {
    const files = logFiles();
    files.write(criLine(1));
    const abort = new AbortController();
    const log = follower(files.directory, { signal: abort.signal });
    await log.until('line 1\n');
    const rest = log.rest();
    abort.abort();
    assert.equal(await rest, lines(1, 1));
  });

  it('ends at its limit though the container runs on', async () => {
    const files = logFiles();
    files.write(written(1, 3));
    assert.equal(await follower(files.directory, { limitBytes: 8 }).rest(), 'line 1\nl');
  });
});
