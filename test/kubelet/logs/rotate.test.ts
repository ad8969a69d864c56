import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { realEnv } from '../../../hack/env.ts';
import type { Env } from '../../../src/kubelet/env.ts';
import { type RotateOptions, rotateLogs, rotateWhenFull } from '../../../src/kubelet/logs/rotate.ts';
import { criLine, type LogFiles, logFiles } from './log-files.ts';

/** Rotates a log of its own as a runtime would see it; each reopening makes a new file. */
function rotating(options: Partial<RotateOptions> = {}) {
  const files = logFiles();
  let second = 0;
  const reopened: string[] = [];
  const env: Env = { ...realEnv(), nowMs: () => Date.UTC(2026, 0, 1) + second * 1000 };
  const all: RotateOptions = {
    env,
    running: () => [log],
    reopen: async (id) => {
      reopened.push(id);
      writeFileSync(files.current, '', { mode: 0o640, flag: 'a' });
    },
    settings: { maxSizeBytes: 100, maxFiles: 4, intervalMs: 10_000 },
    ...options,
  };
  const log = { containerId: 'c1', path: files.current };
  return {
    files,
    reopened,
    options: all,
    async look() {
      second += 10;
      return rotateWhenFull(log, all);
    },
  };
}

const fill = (files: LogFiles, number: number) => files.write(criLine(number, 'x'.repeat(100)));
const names = (files: LogFiles) => readdirSync(files.directory).sort();

describe('rotation', () => {
  it('leaves a log alone that is not full', async () => {
    const { files, look, reopened } = rotating();
    files.write(criLine(1));
    assert.equal(await look(), false);
    assert.deepEqual([names(files), reopened], [['0.log'], []]);
  });

  it('keeps the current file, the part before it, and compressed ones up to the limit', async () => {
    const { files, look, reopened } = rotating();
    for (let number = 1; number <= 5; number += 1) {
      fill(files, number);
      assert.equal(await look(), true);
    }
    assert.deepEqual(names(files), [
      '0.log',
      '0.log.20260101-000030.gz',
      '0.log.20260101-000040.gz',
      '0.log.20260101-000050',
    ]);
    assert.deepEqual(reopened, ['c1', 'c1', 'c1', 'c1', 'c1']);
    const compressed = `${files.current}.20260101-000030.gz`;
    assert.equal(gunzipSync(readFileSync(compressed)).toString(), criLine(3, 'x'.repeat(100)));
    assert.equal(readFileSync(files.current, 'utf8'), '');
  });

  it('gives a compressed part the mode of the plain one', async () => {
    const { files, look } = rotating();
    writeFileSync(files.current, 'x'.repeat(200), { mode: 0o600 });
    await look();
    fill(files, 2);
    await look();
    assert.equal(statSync(`${files.current}.20260101-000010.gz`).mode & 0o777, 0o600);
  });

  it('gives the file its name back when the runtime does not open it anew', async () => {
    const { files, look } = rotating({ reopen: async () => Promise.reject(new Error('no such container')) });
    fill(files, 1);
    await assert.rejects(look(), /no such container/);
    assert.deepEqual(names(files), ['0.log']);
  });

  it('has a missing file made anew: a crash came between the two steps', async () => {
    const { files, look, reopened } = rotating();
    assert.equal(await look(), false);
    assert.deepEqual([names(files), reopened], [['0.log'], ['c1']]);
  });

  it('goes on with the other logs when one fails time and again, which is told once', async () => {
    const bad = rotating();
    const good = rotating();
    fill(bad.files, 1);
    const stop = new AbortController();
    let rounds = 0;
    let complaints = 0;
    const options: RotateOptions = {
      ...good.options,
      env: {
        ...good.options.env,
        after: (_, fn) => {
          rounds += 1;
          fill(good.files, rounds);
          if (rounds === 3) queueMicrotask(() => stop.abort());
          else queueMicrotask(fn);
          return () => {};
        },
        log: { ...good.options.env.log, warn: () => (complaints += 1) },
      },
      running: () => [
        { containerId: 'bad', path: bad.files.current },
        { containerId: 'good', path: good.files.current },
      ],
      reopen: async (id) => {
        if (id === 'bad') throw new Error('gone');
        await good.options.reopen(id);
      },
    };
    await rotateLogs(options, stop.signal);
    assert.equal(names(good.files).length, 3);
    assert.equal(complaints, 1);
  });
});
