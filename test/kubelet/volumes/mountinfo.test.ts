import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMountinfo } from '../../../src/kubelet/volumes/mountinfo.ts';

const TEXT = String.raw`22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw
42 27 0:39 / /mnt/with\040blank\011tab\012line\134slash rw - tmpfs tmpfs rw,size=8192k
43 27 0:40 / /mnt/odd - fuse.x a - b rw
`;

test('paths are read as they are, whatever optional fields a line has', () => {
  assert.deepEqual(parseMountinfo(TEXT), [
    { path: '/proc', fsType: 'proc' },
    { path: '/', fsType: 'ext4' },
    { path: '/mnt/with blank\ttab\nline\\slash', fsType: 'tmpfs' },
    { path: '/mnt/odd', fsType: 'fuse.x' },
  ]);
});

test('a later mount on the same path comes later', () => {
  const text = '1 1 0:1 / /a rw - tmpfs t rw\n2 1 0:2 / /a rw - ext4 e rw\n';
  assert.deepEqual(
    parseMountinfo(text).map((mount) => mount.fsType),
    ['tmpfs', 'ext4'],
  );
});

test('any text is read without an error', () => {
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseMountinfo(text))));
});
