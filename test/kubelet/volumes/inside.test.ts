import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { openInside, pathOf } from '../../../src/kubelet/volumes/inside.ts';
import { temporaryDirectory } from '../temporary.ts';

/** A volume with a secret beside it. */
async function scene(t: TestContext): Promise<{ base: string; volume: string }> {
  const base = await realpath(await temporaryDirectory(t));
  const volume = join(base, 'volume');
  await mkdir(join(volume, 'a/b'), { recursive: true });
  await writeFile(join(volume, 'a/b/file'), 'inside');
  await writeFile(join(base, 'secret'), 'outside');
  return { base, volume };
}

async function read(volume: string, path: string): Promise<string> {
  const handle = await openInside(volume, path);
  try {
    return await readFile(pathOf(handle), 'utf8');
  } finally {
    await handle.close();
  }
}

/** Link, its target with BASE and VOLUME put in, and what is read through it; undefined: it leads out. */
const LINKS: [string, string, string, string | undefined][] = [
  ['link', 'a/b/file', 'link', 'inside'],
  ['a/link', 'b', 'a/link/file', 'inside'],
  ['a/b/up', '../b/file', 'a/b/up', 'inside'],
  ['a/b/top', '../../a/b/file', 'a/b/top', 'inside'],
  ['whole', 'VOLUME/a/b/file', 'whole', 'inside'],
  ['itself', 'VOLUME', 'itself/a/b/file', 'inside'],
  ['out', '../secret', 'out', undefined],
  ['out', 'BASE/secret', 'out', undefined],
  ['a/b/out', '../../../secret', 'a/b/out', undefined],
  ['root', '/', 'root/etc/passwd', undefined],
  ['near', 'VOLUME-not/x', 'near', undefined],
  ['round', '../volume/a/b/file', 'round', undefined],
  ['proc', '/proc/self/root', 'proc/etc/passwd', undefined],
];

for (const [link, target, path, content] of LINKS)
  test(`a link to ${target} ${content === undefined ? 'is not followed' : 'is followed'}`, async (t) => {
    const { base, volume } = await scene(t);
    await symlink(target.replace('BASE', base).replace('VOLUME', volume), join(volume, link));
    if (content === undefined) await assert.rejects(read(volume, path), { message: `${path} leads out of the volume` });
    else assert.equal(await read(volume, path), content);
  });

test('a chain of links that each lead inside is followed, and a ring of them ends', async (t) => {
  const { volume } = await scene(t);
  await symlink('second', join(volume, 'first'));
  await symlink('a', join(volume, 'second'));
  assert.equal(await read(volume, 'first/b/file'), 'inside');
  await symlink('ring', join(volume, 'ring'));
  await assert.rejects(read(volume, 'ring'), { message: 'ring leads through more than 40 links' });
});

test('a volume that is itself behind a link is found', async (t) => {
  const { base, volume } = await scene(t);
  await symlink('volume', join(base, 'alias'));
  assert.equal(await read(join(base, 'alias'), 'a/b/file'), 'inside');
  await symlink(`${volume}/a`, join(volume, 'absolute'));
  assert.equal(await read(join(base, 'alias'), 'absolute/b/file'), 'inside');
});

test('a fifo neither blocks nor is anything but itself', async (t) => {
  const { volume } = await scene(t);
  execFileSync('mkfifo', [join(volume, 'fifo')]);
  const handle = await openInside(volume, 'fifo');
  assert.ok((await handle.stat()).isFIFO());
  await handle.close();
});

test('what is missing is missing, and a file is no directory', async (t) => {
  const { volume } = await scene(t);
  await assert.rejects(openInside(volume, 'a/no/file'), { code: 'ENOENT' });
  await assert.rejects(openInside(volume, 'a/b/file/x'), { message: 'what is above x is not a directory' });
  await assert.rejects(openInside(volume, 'a/b/file/x', { createMode: 0o777 }), /not a directory/);
});

test('missing directories are made with the mode asked for, whatever the umask, and none through a link that leads out', async (t) => {
  const { base, volume } = await scene(t);
  const before = process.umask(0o077);
  try {
    await (await openInside(volume, 'a/new/deep', { createMode: 0o2775 })).close();
  } finally {
    process.umask(before);
  }
  for (const path of ['a/new', 'a/new/deep']) assert.equal((await stat(join(volume, path))).mode & 0o7777, 0o2775);
  await symlink('..', join(volume, 'up'));
  await assert.rejects(openInside(volume, 'up/made', { createMode: 0o777 }), /leads out/);
  assert.deepEqual((await readdir(base)).sort(), ['secret', 'volume']);
});

test('no handle is left open, whether it was found or not', async (t) => {
  const { volume } = await scene(t);
  await symlink('..', join(volume, 'up'));
  const open = async () => (await readdir('/proc/self/fd')).length;
  const before = await open();
  for (let round = 0; round < 20; round += 1) {
    await (await openInside(volume, 'a/b/file')).close();
    await openInside(volume, 'up/secret').catch(() => {});
    await openInside(volume, 'a/no/x').catch(() => {});
  }
  assert.ok((await open()) < before + 10);
});

test('in any tree of links, what is found is inside, and is what the kernel finds there', async (t) => {
  const base = await realpath(await temporaryDirectory(t));
  const part = fc.constantFrom('a', 'b', 'c', '..', '.');
  const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
  const name = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const target = fc.oneof(
    path,
    path.map((to) => `VOLUME/${to}`),
    path.map((to) => `/${to}`),
  );
  const entry = fc.oneof(fc.record({ name, target }), fc.record({ name }));
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 6 }), path, async (entries, asked) => {
      const volume = join(await mkdtemp(join(base, 'case-')), 'volume');
      await mkdir(volume);
      for (const one of entries) {
        const at = join(volume, one.name);
        if ('target' in one) {
          await mkdir(dirname(at), { recursive: true }).catch(() => {});
          await symlink(one.target.replace('VOLUME', volume), at).catch(() => {});
        } else await mkdir(at, { recursive: true }).catch(() => {});
      }
      const handle = await openInside(volume, asked).catch(() => undefined);
      if (handle) {
        const found = await realpath(pathOf(handle));
        await handle.close();
        assert.ok(found === volume || found.startsWith(`${volume}/`), found);
        assert.equal(found, await realpath(`${join(volume, '.')}/${asked}`));
      }
      await rm(dirname(volume), { recursive: true });
    }),
    { numRuns: 300 },
  );
});

test('a directory that is swapped for a link meanwhile never leads out', async (t) => {
  const { base, volume } = await scene(t);
  await symlink(base, join(volume, 'evil'));
  let running = true;
  const swapping = (async () => {
    while (running) {
      await rename(join(volume, 'a'), join(volume, 'spare'));
      await rename(join(volume, 'evil'), join(volume, 'a'));
      await rename(join(volume, 'a'), join(volume, 'evil'));
      await rename(join(volume, 'spare'), join(volume, 'a'));
    }
  })();
  for (let round = 0; round < 300; round += 1) {
    const handle = await openInside(volume, 'a').catch(() => undefined);
    if (!handle) continue;
    const { ino } = await handle.stat();
    assert.notEqual(ino, (await stat(base)).ino);
    await handle.close();
  }
  running = false;
  await swapping;
});
