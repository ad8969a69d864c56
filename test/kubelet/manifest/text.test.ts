import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeText, MAX_MANIFEST_BYTES } from '../../../src/kubelet/manifest/text.ts';

test('UTF-8 is text, with or without a byte order mark', () => {
  assert.deepEqual(decodeText(Buffer.from('\ufeffkind: Größe')), { ok: true, text: 'kind: Größe' });
  assert.deepEqual(decodeText(Buffer.from('kind: Pod')), { ok: true, text: 'kind: Pod' });
  assert.deepEqual(decodeText(new Uint8Array()), { ok: true, text: '' });
});

const REFUSED: [string, Uint8Array, RegExp][] = [
  ['UTF-16 little endian', Buffer.from('\ufeffkind', 'utf16le'), /UTF-16; save it as UTF-8 \(first bytes: ff fe 6b 00/],
  ['UTF-16 big endian', Uint8Array.of(0xfe, 0xff, 0, 0x6b), /UTF-16/],
  [
    'a NUL byte',
    Buffer.from('kind: Pod\0'),
    /NUL byte at offset 9: not text \(first bytes: 6b 69 6e 64 3a 20 50 6f 64 00\)/,
  ],
  ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 1, 2, 3), /not UTF-8 text \(first bytes: 1f 8b 08 01 02 03\)/],
  ['a truncated character', Uint8Array.of(0x61, 0xc3), /not UTF-8/],
  ['an HTML page', Buffer.from('\n <!DOCTYPE html><html>'), /HTML or XML page/],
  ['too much', new Uint8Array(MAX_MANIFEST_BYTES + 1).fill(0x20), /larger than the limit of 1048576 bytes/],
];

for (const [what, bytes, message] of REFUSED) {
  test(`refuses ${what}`, () => {
    const result = decodeText(bytes);
    assert.ok(!result.ok);
    assert.match(result.message, message);
  });
}
