import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, chown, lstat, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { giveToGroup } from '../../../src/kubelet/volumes/group.ts';
import { revision } from '../build.ts';
import { temporaryDirectory } from '../temporary.ts';

const GROUP = 2000;
const pod = (fsGroupChangePolicy?: string) =>
  revision({ securityContext: { fsGroup: GROUP, ...(fsGroupChangePolicy && { fsGroupChangePolicy }) } }).pod;

async function owned(path: string): Promise<string> {
  const { mode, uid, gid } = await lstat(path);
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
}

/** A volume of somebody else's, with one of each kind in it. */
async function volume(t: TestContext) {
  const base = await temporaryDirectory(t);
  const root = join(base, 'volume');
  const at = (name: string) => join(root, name);
  await mkdir(at('dir/deep'), { recursive: true });
  await writeFile(at('dir/file'), '', { mode: 0o600 });
  await writeFile(at('setuid'), '');
  await chmod(at('setuid'), 0o4755);
  await writeFile(join(base, 'outside'), '', { mode: 0o600 });
  await symlink('../outside', at('link'));
  execFileSync('mkfifo', ['-m', '600', at('fifo')]);
  for (const name of ['dir', 'dir/deep', 'dir/file']) await chown(at(name), 1000, 1000);
  await chmod(root, 0o700);
  return { root, at, outside: join(base, 'outside') };
}

test('everything is given to the group, and links are not followed', async (t) => {
  const { root, at, outside } = await volume(t);
  await giveToGroup(root, pod());
  assert.equal(await owned(root), '2770 0:2000');
  assert.equal(await owned(at('dir')), '2775 1000:2000');
  assert.equal(await owned(at('dir/deep')), '2775 1000:2000');
  assert.equal(await owned(at('dir/file')), '660 1000:2000');
  assert.equal(await owned(at('setuid')), '4775 0:2000');
  assert.equal(await owned(at('fifo')), '660 0:2000');
  assert.equal(await owned(at('link')), '777 0:2000');
  assert.equal(await owned(outside), '600 0:0');
});

test('without a group nothing is touched', async (t) => {
  const { root } = await volume(t);
  await giveToGroup(root, revision().pod);
  assert.equal(await owned(root), '700 0:0');
});

test('a root that is right is believed with OnRootMismatch, and not with Always', async (t) => {
  const { root, at } = await volume(t);
  await chown(root, 0, GROUP);
  await chmod(root, 0o2770);
  await giveToGroup(root, pod('OnRootMismatch'));
  assert.equal(await owned(at('dir/file')), '600 1000:1000');
  await giveToGroup(root, pod('Always'));
  assert.equal(await owned(at('dir/file')), '660 1000:2000');
});

for (const [what, mode, group] of [
  ['another group', 0o2770, 5],
  ['no set-gid bit', 0o770, GROUP],
  ['no writing for the group', 0o2750, GROUP],
] as const)
  test(`a root with ${what} is a mismatch`, async (t) => {
    const { root, at } = await volume(t);
    await chown(root, 0, group);
    await chmod(root, mode);
    await giveToGroup(root, pod('OnRootMismatch'));
    assert.equal(await owned(at('dir/file')), '660 1000:2000');
  });

test('names that are no text are given, too', async (t) => {
  const { root } = await volume(t);
  const name = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe])]);
  await writeFile(name, '');
  await giveToGroup(root, pod());
  assert.equal((await lstat(name)).gid, GROUP);
});

test('a volume nested without end is refused, not followed to the end of the descriptors', async (t) => {
  const base = await temporaryDirectory(t);
  await mkdir(join(base, 'd/'.repeat(200)), { recursive: true });
  await assert.rejects(giveToGroup(base, pod()), { message: 'directories are nested more than 128 deep' });
});
