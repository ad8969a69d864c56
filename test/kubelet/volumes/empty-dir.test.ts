import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PodSpec } from '../../../src/kubelet/types.ts';
import { emptyDir, tmpfsOptions } from '../../../src/kubelet/volumes/empty-dir.ts';
import { mountedAt } from '../../../src/kubelet/volumes/mounts.ts';
import { container, revision } from '../build.ts';
import { node } from '../node.ts';
import { temporaryDirectory } from '../temporary.ts';
import { volumeInput } from './volume-input.ts';

const MI = 1024 ** 2;

interface Given {
  medium?: string;
  sizeLimit?: string;
  spec?: Partial<PodSpec>;
}

async function place(t: TestContext): Promise<string> {
  return join(await temporaryDirectory(t), 'volumes/empty-dir/v');
}

function prepare(path: string, { spec, ...given }: Given = {}) {
  return emptyDir.prepare(volumeInput({ emptyDir: given }, path, { ...(spec && { spec }) }));
}
const mode = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8);

test('on disk it is open to everybody, and preparing it twice is preparing it once', async (t) => {
  const path = await place(t);
  assert.deepEqual(await prepare(path), { hostPath: path, readOnly: false, selinuxRelabel: true });
  assert.equal(await mode(path), '777');
  await writeFile(join(path, 'file'), 'kept');
  await chmod(path, 0o750);
  await prepare(path);
  assert.equal(await readFile(join(path, 'file'), 'utf8'), 'kept');
  assert.equal(await mode(path), '750');
  assert.deepEqual(await readdir(dirname(path)), ['v']);
});

test('what a crash left half made is made anew', async (t) => {
  const path = await place(t);
  await mkdir(`${path}.new/inner`, { recursive: true });
  await prepare(path);
  assert.deepEqual(await readdir(path), []);
  assert.deepEqual(await readdir(dirname(path)), ['v']);
});

test('it belongs to the group of the Pod', async (t) => {
  const path = await place(t);
  await prepare(path, { spec: { securityContext: { fsGroup: 2000 } } });
  assert.equal(await mode(path), '2777');
  assert.equal((await stat(path)).gid, 2000);
});

test('a file in its place is an error', async (t) => {
  const path = await place(t);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '');
  await assert.rejects(prepare(path), { message: `${path} is not a directory` });
  await assert.rejects(prepare(path, { medium: 'Memory' }), { code: 'EEXIST' });
});

test('in memory it is a tmpfs of its size, mounted once', async (t) => {
  const path = await place(t);
  const given = { medium: 'Memory', sizeLimit: '3Mi', spec: { securityContext: { fsGroup: 2000 } } };
  await prepare(path, given);
  await writeFile(join(path, 'file'), 'kept');
  await prepare(path, given);
  assert.equal(await readFile(join(path, 'file'), 'utf8'), 'kept');
  assert.deepEqual(await mountedAt(path), { path, fsType: 'tmpfs' });
  assert.equal(await mode(path), '2777');
  assert.equal((await stat(path)).gid, 2000);
  const [, size] = execFileSync('df', ['--output=size', '--block-size=1', path]).toString().trim().split('\n');
  assert.equal(Number(size), 3 * MI);
  execFileSync('umount', [path]);
  assert.equal(await mountedAt(path), undefined);
});

test('another file system in its place is an error', async (t) => {
  const path = await place(t);
  await mkdir(path, { recursive: true });
  execFileSync('mount', ['-t', 'ramfs', 'ramfs', path]);
  await assert.rejects(prepare(path, { medium: 'Memory' }), {
    message: `${path} has a ramfs mounted on it, expected tmpfs`,
  });
});

const limited = (memory: string) => container({ resources: { limits: { memory } } });
const sizes: [string, string | undefined, Partial<PodSpec>, number][] = [
  ['all that the machine has for Pods', undefined, {}, 8 * 1024 * MI],
  ['its own limit', '8Mi', {}, 8 * MI],
  ["the Pod's memory limit when that is smaller", '64Mi', { containers: [limited('32Mi')] }, 32 * MI],
  ["its own limit when the Pod's is larger", '8Mi', { containers: [limited('32Mi')] }, 8 * MI],
  ['no larger than the machine', '1Ti', {}, 8 * 1024 * MI],
  ['not zero when its limit is', '0', { containers: [limited('32Mi')] }, 32 * MI],
];

for (const [name, sizeLimit, spec, bytes] of sizes)
  test(`the size in memory is ${name}`, () =>
    assert.deepEqual(tmpfsOptions(revision(spec).pod, sizeLimit, node()), [`size=${bytes}`]));

test('swap is ruled out where the kernel can', () => {
  const options = (kernelVersion: string) => tmpfsOptions(revision().pod, '1Mi', node({ kernelVersion }));
  for (const version of ['6.4.0', '6.18.44-generic', '7.0-rc1', '10.1'])
    assert.deepEqual(options(version)[1], 'noswap');
  for (const version of ['6.3.9', '5.15.0-1-amd64', '']) assert.equal(options(version)[1], undefined);
});

test('huge pages are mounted with the size that the medium or the containers tell', async (t) => {
  const path = await place(t);
  await prepare(path, { medium: 'HugePages-2Mi' });
  assert.equal((await mountedAt(path))?.fsType, 'hugetlbfs');
  assert.equal(await mode(path), '777');
  execFileSync('umount', [path]);
  await prepare(path, { medium: 'HugePages', spec: { containers: [pages('hugepages-2Mi')] } });
  assert.equal((await mountedAt(path))?.fsType, 'hugetlbfs');
});

function pages(resource: string) {
  return container({ resources: { limits: { [resource]: '2Mi', memory: '1Mi' } } });
}

test('huge pages without one clear size are refused', async (t) => {
  const path = await place(t);
  const spec = { containers: [pages('hugepages-2Mi'), pages('hugepages-1Gi')] };
  await assert.rejects(prepare(path, { medium: 'HugePages', spec }), /which page size/);
  await assert.rejects(prepare(path, { medium: 'HugePages' }), /needs a hugepages limit/);
  await assert.rejects(prepare(path, { medium: 'HugePages-x' }), { message: 'unknown storage medium "HugePages-x"' });
  await assert.rejects(prepare(path, { medium: 'Tape' }), { message: 'unknown storage medium "Tape"' });
});

test('one that has outgrown its limit is not prepared again: its Pod is over', async (t) => {
  const path = await place(t);
  const given = { sizeLimit: '64Ki' };
  await prepare(path, given);
  await writeFile(join(path, 'file'), Buffer.alloc(32 * 1024, 1));
  await prepare(path, given);
  await writeFile(join(path, 'more'), Buffer.alloc(64 * 1024, 1));
  const message = 'Usage of EmptyDir volume "v" exceeds the limit "64Ki". ';
  await assert.rejects(prepare(path, given), { name: 'HostError', reason: 'Evicted', message });
  for (const sizeLimit of ['0', '1Mi']) await prepare(path, { sizeLimit });
  await prepare(path);
});
