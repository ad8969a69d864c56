import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { usageBytes } from '../../../src/kubelet/volumes/usage.ts';
import { temporaryDirectory } from '../temporary.ts';

const KI = 1024;
const ALL = Number.POSITIVE_INFINITY;

test('blocks are counted, a file of two names once, what links lead to not at all', async (t) => {
  const directory = await temporaryDirectory(t);
  const at = (name: string) => join(directory, name);
  await mkdir(at('a/b'), { recursive: true });
  await writeFile(at('a/b/file'), Buffer.alloc(100 * KI, 1));
  await writeFile(at('one'), Buffer.alloc(50 * KI, 1));
  await link(at('one'), at('a/two'));
  await symlink('/usr', at('usr'));
  execFileSync('truncate', ['-s', '1G', at('hole')]);
  execFileSync('mkfifo', [at('fifo')]);
  const [du = ''] = execFileSync('du', ['-s', '-B1', directory]).toString().split('\t');
  const [own = ''] = execFileSync('du', ['-s', '-B1', '-S', at('a/b/..')])
    .toString()
    .split('\t');
  const counted = await usageBytes(directory, ALL);
  // The directory itself is not in it.
  assert.ok(Number(du) - counted >= 0 && Number(du) - counted <= 64 * KI, `${counted}, du says ${du} (${own})`);
  assert.ok(counted >= 150 * KI);
});

test('counting stops at the limit, and nothing counts nothing', async (t) => {
  const directory = await temporaryDirectory(t);
  for (let file = 0; file < 20; file += 1) await writeFile(join(directory, `f${file}`), Buffer.alloc(16 * KI, 1));
  const counted = await usageBytes(directory, 32 * KI);
  assert.ok(counted > 32 * KI && counted < 100 * KI);
  assert.equal(await usageBytes(join(directory, 'gone'), ALL), 0);
  assert.equal(await usageBytes(join(directory, 'f1'), ALL), 0);
});

test('deep nesting costs neither the stack nor the descriptors', async (t) => {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, 'd/'.repeat(300)), { recursive: true });
  assert.equal(typeof (await usageBytes(directory, ALL)), 'number');
});
