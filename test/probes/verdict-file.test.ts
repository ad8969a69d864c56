import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Verdict } from '../../src/kubelet/verdict.ts';
import { verdictDirectory, verdictFile } from '../../src/probes/verdict-file.ts';
import { textLog } from '../sim/env.ts';

const base = mkdtempSync(join(tmpdir(), 'verdicts-'));
after(() => rmSync(base, { recursive: true }));

const VERDICTS = new Map<string, Verdict>([
  ['a', { started: true, ready: true, readySinceMs: 1.5 }],
  ['b', { started: true, ready: false, readySinceMs: 2, failed: { probe: 'liveness', graceSeconds: 3 } }],
  ['c', { started: false, ready: false, readySinceMs: 2, failed: { probe: 'startup' } }],
]);

function setting(name: string) {
  const log: string[] = [];
  const directory = join(base, name);
  return {
    log,
    directory,
    file: verdictFile(
      directory,
      textLog((line) => log.push(line)),
    ),
  };
}

describe('verdictFile', () => {
  it('gives back what was written, and leaves nothing else behind', async () => {
    const { file, directory } = setting('deep/round-trip');
    await file.write(new Map());
    await file.write(VERDICTS);
    assert.deepEqual(await file.read(), VERDICTS);
    assert.deepEqual(readdirSync(directory), ['verdicts.json']);
    assert.equal(statSync(join(directory, 'verdicts.json')).mode & 0o777, 0o600);
  });

  it('knows nothing when there is no file, and finds that normal', async () => {
    const { file, log } = setting('absent');
    assert.equal((await file.read()).size, 0);
    assert.deepEqual(log, []);
  });

  for (const [what, text] of [
    ['half a file', '{"a":{"started":tr'],
    ['no object', '"x"'],
    ['null', 'null'],
    ['an empty file', ''],
    ['too much', `{"a":"${'x'.repeat(5_000_000)}"}`],
  ] as const) {
    it(`knows nothing of ${what}, and says so`, async () => {
      const { file, directory, log } = setting(what);
      await file.write(new Map());
      writeFileSync(join(directory, 'verdicts.json'), text);
      assert.equal((await file.read()).size, 0);
      assert.equal(log.length, 1);
    });
  }

  it('leaves out entries that are no verdicts', async () => {
    const { file, directory } = setting('strange');
    await file.write(new Map());
    const strange = [
      null,
      1,
      {},
      { started: 1, ready: true, readySinceMs: 1 },
      { started: true, ready: true, readySinceMs: 'x' },
    ];
    const failed = [null, {}, { probe: 'readiness' }, { probe: 'liveness', graceSeconds: '3' }];
    const entries = [
      ...strange,
      ...failed.map((each) => ({ started: true, ready: true, readySinceMs: 1, failed: each })),
    ];
    writeFileSync(join(directory, 'verdicts.json'), JSON.stringify({ ...entries, ...Object.fromEntries(VERDICTS) }));
    assert.deepEqual(await file.read(), VERDICTS);
  });

  it('rejects when it cannot write', async () => {
    const { file } = setting('round-trip/verdicts.json/below-a-file');
    writeFileSync(join(base, 'round-trip'), '');
    await assert.rejects(file.write(VERDICTS), { code: 'ENOTDIR' });
  });
});

describe('verdictDirectory', () => {
  it('is another one for each root directory', () => {
    assert.match(verdictDirectory('/var/lib/rower'), /^\/run\/rower\/[0-9a-f]{16}$/);
    assert.notEqual(verdictDirectory('/var/lib/rower'), verdictDirectory('/var/lib/other'));
  });
});
