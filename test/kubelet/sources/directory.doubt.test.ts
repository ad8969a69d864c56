/** Changes that may be half done, on a clock that moves only when told: nothing here waits for real time to pass. */
import assert from 'node:assert/strict';
import { appendFile, mkdir, rename, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directorySource } from '../../../src/kubelet/sources/directory.ts';
import type { Clock } from '../../cri/clock.ts';
import { temporaryDirectory } from '../temporary.ts';
import { manifest, Watching } from './watching.ts';

const RESCAN_MS = 3_600_000;
const A = 'default/a-node x:1';

/** Looks only when the test moves the clock; each look is over when the next timer is set. */
class Slow {
  readonly watching: Watching<Clock>;
  readonly directory: string;

  constructor(watching: Watching<Clock>, directory: string) {
    this.watching = watching;
    this.directory = directory;
  }

  file(name: string): string {
    return join(this.directory, name);
  }

  /** Waits until the source sleeps, and for no longer than `maxMs`: it has seen an event, or it doubts something. */
  async asleep(maxMs = RESCAN_MS): Promise<number> {
    const { env } = this.watching;
    await this.watching.until(() => (env.pending()[0] ?? Number.POSITIVE_INFINITY) <= maxMs);
    return env.pending()[0] ?? 0;
  }

  /** Lets the source look at a change that it has an event of, and waits until it is done. */
  async look(afterMs: number): Promise<void> {
    const { env } = this.watching;
    await this.asleep(afterMs);
    const before = env.monotonicMs();
    env.advance(afterMs);
    assert.equal(env.monotonicMs(), before + afterMs);
    await this.watching.until(() => env.pending().length > 0);
  }
}

async function slow(t: TestContext): Promise<Slow> {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'a.yaml'), manifest('a'));
  const watching = Watching.manual((env) =>
    directorySource({ path: directory, rescanMs: RESCAN_MS, nodeName: 'node', env }),
  );
  t.after(() => watching.stop());
  const found = new Slow(watching, directory);
  await found.asleep();
  assert.deepEqual(watching.pods, [A]);
  return found;
}

test('a file renamed into place is read after 2 ms, one that is written after 100 ms of quiet', async (t) => {
  const s = await slow(t);
  const outside = join(await temporaryDirectory(t), 'b.yaml');
  await writeFile(outside, manifest('b'));
  await rename(outside, s.file('b.yaml'));
  assert.equal(await s.asleep(100), 2);
  await s.look(2);
  assert.equal(s.watching.pods.length, 2);
  await appendFile(s.file('b.yaml'), '# more\n');
  assert.equal(await s.asleep(100), 100);
});

test('a half-written file that becomes whole is never an error', async (t) => {
  const s = await slow(t);
  await writeFile(s.file('a.yaml'), manifest('a', 'x:2').slice(0, -25));
  await s.look(100);
  assert.deepEqual(s.watching.pods, [A]);
  assert.deepEqual(s.watching.errors, []);
  await writeFile(s.file('a.yaml'), manifest('a', 'x:2'));
  await s.look(100);
  assert.deepEqual(s.watching.pods, ['default/a-node x:2']);
  assert.deepEqual(
    s.watching.lines.all.filter((line) => line.level === 'error'),
    [],
  );
});

test('a broken file is an error when it stays', async (t) => {
  const s = await slow(t);
  await writeFile(s.file('a.yaml'), 'kind: [');
  await s.look(100);
  assert.deepEqual(s.watching.errors, []);
  await s.look(100);
  assert.equal(s.watching.errors.length, 1);
});

test('a new broken file is not there before it is believed', async (t) => {
  const s = await slow(t);
  await writeFile(s.file('b.yaml'), 'kind: [');
  await s.look(100);
  assert.equal(s.watching.files.length, 1);
  await s.look(100);
  assert.equal(s.watching.files.length, 2);
});

test('a file that was emptied keeps its Pod until it has been empty for three seconds', async (t) => {
  const s = await slow(t);
  await truncate(s.file('a.yaml'), 0);
  await s.look(100);
  assert.deepEqual(s.watching.pods, [A]);
  await writeFile(s.file('a.yaml'), manifest('a', 'x:2'));
  await s.look(100);
  assert.deepEqual(s.watching.pods, ['default/a-node x:2']);
  await truncate(s.file('a.yaml'), 0);
  await s.look(100);
  assert.equal(await s.asleep(), 3000);
  assert.equal(s.watching.pods.length, 1);
  await s.look(3000);
  assert.deepEqual(s.watching.pods, []);
  assert.deepEqual(s.watching.errors, []);
});

test('an editor that moves the file away and writes it anew does not stop the Pod', async (t) => {
  const s = await slow(t);
  await rename(s.file('a.yaml'), s.file('a.yaml~'));
  await s.look(10);
  assert.deepEqual(s.watching.pods, [A]);
  await writeFile(s.file('a.yaml'), manifest('a', 'x:2'));
  await s.look(100);
  assert.deepEqual(s.watching.pods, ['default/a-node x:2']);
  for (const snapshot of s.watching.snapshots) assert.ok(snapshot.state === 'known' && snapshot.files.length === 1);
});

test('a deleted file is gone after 100 ms', async (t) => {
  const s = await slow(t);
  await unlink(s.file('a.yaml'));
  await s.look(10);
  assert.deepEqual(s.watching.pods, [A]);
  await s.look(100);
  assert.deepEqual(s.watching.pods, []);
  assert.equal(await s.asleep(), RESCAN_MS);
});

test('a file replaced by a directory is gone, with a line in the log', async (t) => {
  const s = await slow(t);
  await rm(s.file('a.yaml'));
  await mkdir(s.file('a.yaml'));
  await s.look(10);
  await s.look(100);
  assert.deepEqual(s.watching.pods, []);
  assert.deepEqual(s.watching.lines.about('a.yaml'), ['info ignored: is a directory, not a regular file']);
});

test('a first look believes what it sees: there is nothing to hold on to instead', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'a.yaml'), 'kind: [');
  await writeFile(join(directory, 'b.yaml'), '');
  const watching = Watching.manual((env) =>
    directorySource({ path: directory, rescanMs: RESCAN_MS, nodeName: 'node', env }),
  );
  t.after(() => watching.stop());
  await watching.until(() => watching.source.current().state === 'known');
  assert.equal(watching.files.length, 2);
  assert.equal(watching.errors.length, 1);
});

test('what changed back before it was believed leaves the snapshot as it was', async (t) => {
  const s = await slow(t);
  const before = s.watching.source.current();
  await writeFile(s.file('a.yaml'), 'kind: [');
  await s.look(100);
  await writeFile(s.file('a.yaml'), manifest('a'));
  await s.look(100);
  assert.equal(s.watching.source.current(), before);
  assert.equal(await s.asleep(), RESCAN_MS);
});
