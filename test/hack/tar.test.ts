import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { type TarEntry, tar } from '../../hack/tar.ts';

const entries: TarEntry[] = [
  { path: 'etc', type: 'directory' },
  { path: 'tmp/', type: 'directory', mode: 0o1777 },
  { path: 'etc/name', type: 'file', data: 'Grüße\n', uid: 1000, gid: 2000 },
  { path: 'block', type: 'file', mode: 0o755, data: Buffer.alloc(512, 'x') },
  { path: 'empty', type: 'file' },
  { path: 'link', type: 'symlink', target: 'etc/name' },
];

const read = (...args: string[]) =>
  execFileSync('tar', args, { input: tar(entries), encoding: 'utf8', env: { TZ: 'UTC' } });

test('tar reads every entry with its mode, owner, size and target', () => {
  assert.deepEqual(
    read('-tvf', '-', '--numeric-owner', '--full-time')
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ')),
    [
      'drwxr-xr-x 0/0 0 1970-01-01 00:00:00 etc/',
      'drwxrwxrwt 0/0 0 1970-01-01 00:00:00 tmp/',
      '-rw-r--r-- 1000/2000 8 1970-01-01 00:00:00 etc/name',
      '-rwxr-xr-x 0/0 512 1970-01-01 00:00:00 block',
      '-rw-r--r-- 0/0 0 1970-01-01 00:00:00 empty',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 link -> etc/name',
    ],
  );
});

test('contents come out as they went in', () => {
  assert.equal(read('-xOf', '-', 'etc/name', 'block'), `Grüße\n${'x'.repeat(512)}`);
});

test('a name that does not fit is refused, not cut', () => {
  assert.throws(() => tar([{ path: 'a'.repeat(101), type: 'file' }]), /longer than 100 bytes/);
  assert.throws(() => tar([{ path: 'a', type: 'symlink', target: 'b'.repeat(101) }]), /longer than 100 bytes/);
});
