/** Media as the tools of this machine make them; a tool that is not here is skipped, and the recorded images stand for it. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { withVolume } from '../../../src/metadata/media/volumes.ts';
import { temporaryDirectory } from '../../kubelet/temporary.ts';
import { USER_DATA } from './images.ts';

const LARGE = 'x'.repeat(400_000);

const iso = (...flags: string[]) => [...flags, '-V', 'CIDATA', '-o', 'image', 'tree'];
const fat = (bits: number, megabytes: number) =>
  `truncate -s ${megabytes}M image && mkfs.vfat -F ${bits} -n CIDATA image >/dev/null && mcopy -s -i image tree/* ::`;

const TOOLS: [what: string, tools: string[], command: string][] = [
  ['genisoimage with Rock Ridge and Joliet', ['genisoimage'], `genisoimage -quiet ${iso('-R', '-J').join(' ')}`],
  ['genisoimage with Rock Ridge', ['genisoimage'], `genisoimage -quiet ${iso('-R').join(' ')}`],
  ['genisoimage with Joliet', ['genisoimage'], `genisoimage -quiet ${iso('-J').join(' ')}`],
  ['genisoimage with UDF', ['genisoimage'], `genisoimage -quiet ${iso('-udf', '-R').join(' ')}`],
  ['xorriso with Rock Ridge', ['xorriso'], `xorriso -as mkisofs -quiet ${iso('-R').join(' ')}`],
  ['xorriso with Joliet', ['xorriso'], `xorriso -as mkisofs -quiet ${iso('-J').join(' ')}`],
  ['mkfs.vfat, 12 bits', ['mkfs.vfat', 'mcopy'], fat(12, 2)],
  ['mkfs.vfat, 16 bits', ['mkfs.vfat', 'mcopy'], fat(16, 16)],
  ['mkfs.vfat, 32 bits', ['mkfs.vfat', 'mcopy'], fat(32, 64)],
];

for (const [what, tools, command] of TOOLS) {
  const missing = tools.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
  test(`a medium made by ${what} is read`, {
    skip: missing.length > 0 && `${missing.join()} is not here`,
  }, async (t) => {
    const directory = await temporaryDirectory(t);
    await mkdir(join(directory, 'tree', 'pods with long names'), { recursive: true });
    await writeFile(join(directory, 'tree', 'user-data'), USER_DATA);
    await writeFile(join(directory, 'tree', 'pods with long names', 'Größe.yaml'), 'ü');
    await writeFile(join(directory, 'tree', 'large-file.txt'), LARGE);
    const env = { ...process.env, LC_ALL: 'C.UTF-8', MTOOLS_SKIP_CHECK: '1' };
    execFileSync('sh', ['-c', command], { cwd: directory, stdio: ['ignore', 'ignore', 'ignore'], env });
    await withVolume(join(directory, 'image'), async (volume) => {
      assert.equal(volume.label.toLowerCase(), 'cidata');
      const read = async (path: string) => Buffer.from((await volume.readFile(path, 1024 * 1024)) ?? []).toString();
      assert.equal(await read('user-data'), USER_DATA);
      assert.equal(await read('large-file.txt'), LARGE);
      assert.equal((await volume.list('pods with long names')).length, 1);
    });
  });
}
