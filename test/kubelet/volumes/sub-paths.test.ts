import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bindSubPath } from '../../../src/kubelet/volumes/sub-paths.ts';
import { mountsBelow, temporaryDirectory } from '../temporary.ts';

async function scene(t: TestContext) {
  const base = await realpath(await temporaryDirectory(t));
  const hostPath = join(base, 'volume');
  await mkdir(hostPath);
  const target = join(base, 'pod/volume-subpaths/v/main/0');
  const bind = (path: string, readOnly = false) =>
    bindSubPath({ hostPath, readOnly, selinuxRelabel: false }, { index: 0, volume: 'v', path }, target);
  return { base, hostPath, target, bind };
}

test('a directory is bound with what is in it, and twice as once', async (t) => {
  const { base, hostPath, target, bind } = await scene(t);
  await mkdir(join(hostPath, 'a'));
  await bind('a');
  await bind('a');
  await writeFile(join(hostPath, 'a/file'), 'seen');
  assert.equal(await readFile(join(target, 'file'), 'utf8'), 'seen');
  assert.deepEqual(await mountsBelow(base), [target]);
});

test('a file is bound as a file, and a later one of the same name at the next start', async (t) => {
  const { base, hostPath, target, bind } = await scene(t);
  await writeFile(join(hostPath, 'f'), 'old');
  await bind('f');
  await rm(join(hostPath, 'f'));
  await writeFile(join(hostPath, 'f'), 'new');
  assert.equal(await readFile(target, 'utf8'), 'old');
  await bind('f');
  assert.equal(await readFile(target, 'utf8'), 'new');
  assert.deepEqual(await mountsBelow(base), [target]);
});

test('a directory may take the place of a file and the other way round', async (t) => {
  const { hostPath, target, bind } = await scene(t);
  await mkdir(join(hostPath, 'd'));
  await writeFile(join(hostPath, 'f'), 'file');
  await bind('d');
  await bind('f');
  assert.equal(await readFile(target, 'utf8'), 'file');
  await bind('d');
  assert.ok((await stat(target)).isDirectory());
});

test('what is missing is made like the volume', async (t) => {
  const { hostPath, target, bind } = await scene(t);
  execFileSync('chmod', ['2770', hostPath]);
  await bind('x/y');
  assert.equal((await stat(target)).mode & 0o7777, 0o2770);
});

test('nothing is made in a volume that only we write, and the name is told', async (t) => {
  const { base, bind } = await scene(t);
  await assert.rejects(bind('gone', true), { message: 'there is no gone in volume "v"' });
  assert.deepEqual(await mountsBelow(base), []);
});

test('a link out of the volume is not bound', async (t) => {
  const { base, hostPath, bind } = await scene(t);
  await symlink('/etc', join(hostPath, 'evil'));
  await symlink(base, join(hostPath, 'up'));
  for (const path of ['evil', 'evil/passwd', 'up/volume'])
    await assert.rejects(bind(path), { message: `${path} leads out of the volume` });
  assert.deepEqual(await mountsBelow(base), []);
});

test('names that mean something to a shell or to mount(8) are only names', async (t) => {
  const { hostPath, target, bind } = await scene(t);
  for (const name of ['$(touch x)', '-o', 'a b', 'é\\n', ' (deleted)']) {
    await mkdir(join(hostPath, name));
    await bind(name);
    assert.equal((await stat(target)).ino, (await stat(join(hostPath, name))).ino);
  }
});
