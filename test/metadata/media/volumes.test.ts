import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { openFat } from '../../../src/metadata/media/fat.ts';
import { type Image, MediaError } from '../../../src/metadata/media/image.ts';
import { openIso } from '../../../src/metadata/media/iso9660.ts';
import { openUdf } from '../../../src/metadata/media/udf.ts';
import { withVolume } from '../../../src/metadata/media/volumes.ts';
import { temporaryDirectory } from '../../kubelet/temporary.ts';
import { IMAGES, type ImageName, imageBytes, USER_DATA } from './images.ts';

const LIMIT = 1024 * 1024;

function imageOf(bytes: Buffer): Image {
  return { read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

for (const [name, { label, names }] of Object.entries(IMAGES) as [ImageName, (typeof IMAGES)[ImageName]][]) {
  test(`${name} is read: its label, its files, a long directory`, async (t) => {
    const path = join(await temporaryDirectory(t), name);
    await writeFile(path, imageBytes(name));
    await withVolume(path, async (volume) => {
      assert.equal(volume.label, label);
      const read = async (file: string) => {
        const bytes = await volume.readFile(file, LIMIT);
        return bytes && Buffer.from(bytes).toString();
      };
      assert.equal(await read(names === 'long' ? 'user-data' : 'user_dat'), USER_DATA);
      assert.equal(await read('nothing'), undefined);
      assert.equal(await read('openstack'), undefined);
      assert.deepEqual(await volume.list('nothing'), []);
      if (names === 'short') return;
      assert.equal(await read('/openstack/latest/user_data'), USER_DATA);
      const directory = 'a-directory-with-a-long-name';
      assert.equal((await volume.list(directory)).length, 61);
      assert.equal(await read(`${directory}/numbered-file-with-a-rather-long-name-60`), '60\n');
      assert.equal(await read(`${directory}/forty-thousand-letters.txt`), 'x'.repeat(40000));
      await assert.rejects(volume.readFile(`${directory}/forty-thousand-letters.txt`, 39999), MediaError);
    });
  });
}

test('a directory, an absent path and an empty file have no volume', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'empty'), '');
  for (const path of [directory, join(directory, 'absent'), join(directory, 'empty')]) {
    assert.equal(await withVolume(path, async () => true), undefined);
  }
});

test('an image that was cut off ends in an error', async () => {
  const whole = imageBytes('rr.iso');
  const end = whole.indexOf('x'.repeat(1000)) + 2000;
  const volume = await openIso(imageOf(whole.subarray(0, end)));
  await assert.rejects(
    async () => volume?.readFile('a-directory-with-a-long-name/forty-thousand-letters.txt', LIMIT),
    MediaError,
  );
});

const SMALL: readonly ImageName[] = ['rr-joliet.iso', 'joliet.iso', 'plain.iso', 'fat12.img', 'udf.img'];
/** The anchor of UDF stands later than all that others have. */
const INTERESTING_BYTES = { 'udf.img': 700_000 } as Readonly<Record<string, number>>;

for (const name of SMALL) {
  test(`${name} with any bytes changed gives content, nothing or a MediaError, and ends`, async () => {
    const whole = imageBytes(name);
    const change = fc.tuple(
      fc.nat({ max: INTERESTING_BYTES[name] ?? 80_000 }),
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 20 }), async (changes) => {
        const bytes = Buffer.from(whole);
        for (const [offset, part] of changes) bytes.set(part, offset);
        try {
          const volume =
            (await openIso(imageOf(bytes))) ?? (await openFat(imageOf(bytes))) ?? (await openUdf(imageOf(bytes)));
          await volume?.readFile('openstack/latest/user_data', LIMIT);
          await volume?.list('a-directory-with-a-long-name');
        } catch (error) {
          assert.ok(error instanceof MediaError, String(error));
        }
      }),
      { numRuns: 150 },
    );
  });
}
