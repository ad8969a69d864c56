import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import type { Env } from '../../src/kubelet/env.ts';
import { openKeptDocuments } from '../../src/kubelet/kept-documents.ts';
import { mountedAt } from '../../src/kubelet/volumes/mounts.ts';
import { document, mapOf } from './documents.ts';
import { mountsBelow, temporaryDirectory } from './temporary.ts';

interface Scene {
  rootDir: string;
  runDir: string;
  warnings: string[];
  open: () => ReturnType<typeof openKeptDocuments>;
  /** Lets the timers of an hour fire. */
  later: () => void;
}

async function scene(t: TestContext): Promise<Scene> {
  const base = await realpath(await temporaryDirectory(t));
  const warnings: string[] = [];
  const log = {
    ...realEnv().log,
    warn: (fields: object, message: string) => warnings.push(`${message} ${JSON.stringify(fields)}`),
  };
  const timers = new Set<() => void>();
  const after: Env['after'] = (_, fn) => {
    timers.add(fn);
    return () => timers.delete(fn);
  };
  const env: Env = { ...realEnv(), log, after };
  const later = () => {
    for (const fn of timers) fn();
    timers.clear();
  };
  const runDir = join(base, 'run');
  return { rootDir: base, runDir, warnings, later, open: () => openKeptDocuments({ rootDir: base, runDir, env }) };
}

const ALL = mapOf(
  document('ConfigMap', 'cm', { a: 'é\0' }, { immutable: true, binaryData: new Map([['b', Buffer.from([0, 255])]]) }),
  document('Secret', 's', { password: 'hunter2' }, { type: 'Opaque', namespace: 'n' }),
  document('PersistentVolumeClaim', 'c', {}, { volumeName: 'v' }),
  document('PersistentVolume', 'v', {}, { location: { local: { path: '/x' } } }),
);

test('an agent finds what the one before it kept, and with it nothing has changed', async (t) => {
  const { open, warnings } = await scene(t);
  const first = await open();
  assert.equal(first.documents.size, 0);
  first.keep(ALL);
  await first.settled();
  assert.deepEqual(new Map([...(await open()).documents].sort()), new Map([...ALL].sort()));
  assert.deepEqual(warnings, []);
});

test('Secrets are in memory only, for root only, and the rest is for root only, too', async (t) => {
  const { open, rootDir, runDir } = await scene(t);
  const kept = await open();
  kept.keep(ALL);
  await kept.settled();
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  assert.equal((await mountedAt(join(runDir, 'secrets')))?.fsType, 'tmpfs');
  assert.deepEqual(
    [await mode(join(rootDir, 'documents.json')), await mode(join(runDir, 'secrets/secrets.json'))],
    ['600', '600'],
  );
  const onDisk = await readFile(join(rootDir, 'documents.json'), 'utf8');
  for (const text of ['hunter2', Buffer.from('hunter2').toString('base64'), '"Secret"'])
    assert.ok(!onDisk.includes(text));
});

test('a run directory that is in memory already gets no mount', async (t) => {
  const runDir = await mkdtemp('/dev/shm/rower-test-');
  t.after(() => rm(runDir, { recursive: true }));
  const { rootDir } = await scene(t);
  const kept = await openKeptDocuments({ rootDir, runDir, env: realEnv() });
  kept.keep(ALL);
  await kept.settled();
  assert.deepEqual(await mountsBelow(runDir), []);
  assert.deepEqual(await readdir(join(runDir, 'secrets')), ['secrets.json']);
});

test('what is gone is kept no longer, and the mount goes with the last Secret', async (t) => {
  const { open, rootDir } = await scene(t);
  const kept = await open();
  for (const documents of [ALL, mapOf(document('ConfigMap', 'cm')), mapOf()]) {
    kept.keep(documents);
    await kept.settled();
  }
  assert.equal((await open()).documents.size, 0);
  assert.deepEqual(await mountsBelow(rootDir), []);
  assert.deepEqual(await readdir(rootDir), []);
});

test('the newest wins, however fast they come', async (t) => {
  const { open } = await scene(t);
  const kept = await open();
  for (let round = 0; round < 20; round += 1) kept.keep(mapOf(document('ConfigMap', 'cm', { round: String(round) })));
  await kept.settled();
  const [found] = (await open()).documents.values();
  assert.equal(Buffer.from(found?.data.get('round') ?? '').toString(), '19');
});

for (const [what, content] of [
  ['no JSON', '{"hunter2'],
  ['something else', '[]'],
  ['of another version', '{"version":2,"documents":[]}'],
  ['without documents', '{"version":1}'],
] as const)
  test(`a file that is ${what} is as good as absent, and is not quoted`, async (t) => {
    const { open, rootDir, warnings } = await scene(t);
    await writeFile(join(rootDir, 'documents.json'), content);
    assert.equal((await open()).documents.size, 0);
    assert.doesNotMatch(warnings.join(), /hunter2/);
  });

test('what cannot be written is warned of and stops nothing', async (t) => {
  const { rootDir, warnings, open } = await scene(t);
  const kept = await open();
  await rm(rootDir, { recursive: true });
  kept.keep(ALL);
  await kept.settled();
  assert.match(warnings.join(), /cannot be kept over a restart/);
});

test('what could not be written is written when there is room again, and told once', async (t) => {
  const { rootDir, warnings, open, later } = await scene(t);
  const kept = await open();
  await rm(rootDir, { recursive: true });
  kept.keep(ALL);
  const written = () => existsSync(join(rootDir, 'documents.json'));
  for (let tries = 0; tries < 3; tries += 1) {
    while (warnings.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    later();
  }
  await mkdir(rootDir);
  while (!written()) {
    later();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await kept.settled();
  assert.equal(warnings.length, 1);
  assert.deepEqual(new Map([...(await open()).documents].sort()), new Map([...ALL].sort()));
});
