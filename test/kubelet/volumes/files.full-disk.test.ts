/** What is written on a disk without room: an error, nothing half done that lasts, and all of it when there is room again. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import { rotateWhenFull } from '../../../src/kubelet/logs/rotate.ts';
import { writeAtomically, writeInPlace } from '../../../src/kubelet/volumes/files.ts';
import { writePayload } from '../../../src/kubelet/volumes/payload-writer.ts';
import { fillDisk, freeDisk, smallDisk } from '../../full-disk.ts';

const DISK_BYTES = 256 * 1024;
const full = { code: 'ENOSPC' };
/** Leaves room for some pages, so that a write begins well and ends badly. */
function almostFill(disk: string): void {
  const spare = join(disk, 'spare');
  writeFileSync(spare, Buffer.alloc(8192));
  fillDisk(disk);
  writeFileSync(spare, '');
}

test('a file written in place is never taken for written when a part of it was', async (t) => {
  const disk = await smallDisk(t, DISK_BYTES);
  const path = join(disk, 'hosts');
  const content = Buffer.from('127.0.0.1 localhost\n'.repeat(2000));
  almostFill(disk);
  await assert.rejects(writeInPlace(path, content, 0o644), full);
  freeDisk(disk);
  await writeInPlace(path, content, 0o644);
  assert.deepEqual(readFileSync(path), content);
});

test('a file written at once stays as it was, without a draft beside it', async (t) => {
  const disk = await smallDisk(t, DISK_BYTES);
  const path = join(disk, 'file');
  writeFileSync(path, 'before');
  almostFill(disk);
  await assert.rejects(writeAtomically(path, 'x'.repeat(40_000), 0o600), full);
  assert.equal(readFileSync(path, 'utf8'), 'before');
  assert.deepEqual(readdirSync(disk).sort(), ['file', 'filler', 'spare']);
  freeDisk(disk);
  await writeAtomically(path, 'after', 0o600);
  assert.equal(readFileSync(path, 'utf8'), 'after');
});

test('a volume keeps its content, and tries without end leave nothing in it', async (t) => {
  const disk = await smallDisk(t, DISK_BYTES);
  const payload = (text: string) => new Map([['key', { data: Buffer.from(text), mode: 0o644 }]]);
  let made = 0;
  const write = (text: string) => {
    made += 1;
    return writePayload(disk, payload(text), { group: undefined, stamp: `2026_${made}` });
  };
  await write('before');
  const names = readdirSync(disk).length;
  // Not the volume's own: it would be cleared away.
  writeFileSync(join(disk, '..data', 'spare'), Buffer.alloc(DISK_BYTES - 40_960));
  for (let tries = 0; tries < 5; tries += 1) await assert.rejects(write('x'.repeat(60_000)), full);
  assert.equal(readdirSync(disk).length, names);
  assert.equal(readFileSync(join(disk, 'key'), 'utf8'), 'before');
  writeFileSync(join(disk, '..data', 'spare'), '');
  await write('x'.repeat(60_000));
  assert.equal(readFileSync(join(disk, 'key'), 'utf8'), 'x'.repeat(60_000));
});

test('a log is rotated all the same: its older part stays uncompressed, and no draft stays', async (t) => {
  const disk = await smallDisk(t, DISK_BYTES);
  const path = join(disk, '0.log');
  const warnings: unknown[] = [];
  const env = realEnv();
  const options = {
    env: { ...env, log: { ...env.log, warn: (...line: unknown[]) => warnings.push(line) } },
    running: () => [],
    reopen: async () => writeFileSync(path, ''),
    settings: { maxSizeBytes: 1000, maxFiles: 4, intervalMs: 10_000 },
  };
  writeFileSync(`${path}.20260101-000000`, randomBytes(60_000));
  writeFileSync(path, 'x'.repeat(2000));
  almostFill(disk);
  assert.equal(await rotateWhenFull({ containerId: 'c', path }, options), true);
  const names = readdirSync(disk).filter((name) => name.startsWith('0.log'));
  assert.equal(names.length, 3);
  assert.ok(names.includes('0.log.20260101-000000'));
  assert.equal(readFileSync(path, 'utf8'), '');
  assert.match(JSON.stringify(warnings), /ENOSPC.*stays uncompressed/);
});
