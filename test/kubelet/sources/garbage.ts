/** Everything that people, editors and attackers leave in a manifest directory: name, how it is made, what is said of it. */
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { manifest } from './watching.ts';

export type Make = (path: string, t: TestContext) => unknown;
const text =
  (content: string | Uint8Array): Make =>
  (path) =>
    writeFile(path, content);
const link =
  (target: string): Make =>
  (path) =>
    symlink(target, path);

const BOMB = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[index]}`).join()}]`).join('\n')}\n`;
const VALID = manifest('intruder');

/** Refused with an error that is part of the snapshot. */
export const REFUSED: [string, Make, RegExp][] = [
  ['binary.yaml', text(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])), /NUL byte/],
  ['nul.yaml', text(`${VALID}\0`), /NUL byte/],
  ['nul-name.json', text('{"kind": "\\u0000"}'), /apiVersion|unknown kind|Required/],
  ['utf16.yaml', text(Buffer.from(`\ufeff${VALID}`, 'utf16le')), /UTF-16/],
  ['latin1.yaml', text(Buffer.from('name: Gr\xf6\xdfe', 'latin1')), /not UTF-8/],
  ['gzip.yaml', text(gzipSync(VALID)), /not UTF-8|NUL byte/],
  ['huge.yaml', text(`${VALID}${'# padding\n'.repeat(200_000)}`), /larger than the limit/],
  [
    'sparse.yaml',
    async (path) => {
      await writeFile(path, '');
      await truncate(path, 2 ** 40);
    },
    /larger than the limit/,
  ],
  ['deep-flow.yaml', text('['.repeat(200_000)), /nested too deeply/],
  ['deep-block.yaml', text('- '.repeat(100_000)), /nested too deeply/],
  ['deep-json.json', text('{"a":'.repeat(50_000)), /nested too deeply/],
  ['alias-bomb.yaml', text(BOMB), /counting each use of an alias/],
  [
    'merge-bomb.yaml',
    text(
      BOMB.replaceAll('[x,x,x,x,x,x,x,x,x]', '{k: v}')
        .replaceAll(': &', ': &')
        .replace(/\[\*/g, '{<<: [*')
        .replace(/\]\n/g, ']}\n'),
    ),
    /counting each use of an alias/,
  ],
  ['alias-cycle.yaml', text('a: &a [*a]'), /contains itself/],
  ['alias-missing.yaml', text('a: *b'), /no anchor/],
  ['many-documents.yaml', text('---\na: 1\n'.repeat(1000)), /more than 500 documents/],
  ['many-tokens.yaml', text(`[${','.repeat(900_000)}`), /YAML tokens/],
  ['tabs.yaml', text('a:\n\tb: 1'), /Tabs are not allowed/],
  ['truncated.yaml', text(VALID.slice(0, 60)), /Required value/],
  ['truncated.json', text('{"apiVersion":"v1","kind":"Pod"'), /must end with a }/],
  ['two-json.json', text('{"a":1}{"b":2}'), /Unexpected flow-map-start/],
  ['duplicate-keys.yaml', text(`${VALID}kind: Pod\n`), /already set/],
  ['proto.json', text('{"__proto__": {"polluted": true}}'), /__proto__/],
  ['control.yaml', text('a: "\u0007"'), /control character U\+0007/],
  ['scalar.yaml', text('hello'), /not a string/],
  ['list.yaml', text('- a\n- b'), /not a list/],
  ['number.json', text('5'), /not a number/],
  ['html.yaml', text('<!DOCTYPE html><html><body>404</body></html>'), /HTML/],
  ['script.yaml', text('#!/bin/sh\nrm -rf /\n'), /not a string/],
  ['unknown-kind.yaml', text('apiVersion: example.org/v1\nkind: Thing\n'), /unknown kind/],
  ['deployment.yaml', text('apiVersion: apps/v1\nkind: Deployment\n'), /Required value/],
  ['no-kind.yaml', text('spec: {}\n'), /Required value/],
  ['bad-types.yaml', text('apiVersion: v1\nkind: Pod\nmetadata: []\nspec: 5\n'), /must be an object/],
  ['bad-name.yaml', text(manifest('../../etc')), /RFC 1123/],
  ['bad-uid.yaml', text(VALID.replace('name: intruder', 'name: intruder\n  uid: ../../etc')), /must be at most 128/],
  ['half-good.yaml', text(`${VALID}---\n${manifest('B')}`), /RFC 1123/],
  ['unreadable.yaml', link('/proc/self/mem'), /cannot read the file/],
  [`${'n'.repeat(240)}.yaml`, text('x'), /not a string/],
];

/** Not read at all, with one line in the log. */
export const IGNORED: [string, Make, RegExp][] = [
  ['directory.yaml', (path) => mkdir(path), /is a directory/],
  ['pipe.yaml', (path) => execFileSync('mkfifo', [path]), /is a named pipe/],
  ['socket.yaml', listen, /is a socket/],
  ['device.yaml', link('/dev/zero'), /is a device/],
  ['terminal.json', link('/dev/ptmx'), /is a device/],
  ['to-directory.yaml', link('/etc'), /is a directory/],
  ['nowhere.yaml', link('/does/not/exist'), /leads nowhere/],
  ['loop.yaml', link('loop.yaml'), /leads to itself/],
  ['.hidden.yaml', text(VALID), /begins with a dot/],
  ['.good.yaml.swp', text(VALID), /begins with a dot/],
  ['good.yaml~', text(VALID), /ends in none of/],
  ['good.yaml.bak', text(VALID), /ends in none of/],
  ['4913', text(''), /ends in none of/],
  ['README', text(VALID), /ends in none of/],
  ['subdirectory', (path) => mkdir(path), /ends in none of/],
];

/** Read, and nothing is wanted. */
export const EMPTY: [string, Make][] = [
  ['empty.yaml', text('')],
  ['comments.yaml', text('# nothing\n\n# here\n')],
  ['dashes.yaml', text('---\n---\n...\n')],
  ['blank.json', text(' \n\n')],
  ['braces.json', text('{}')],
];

async function listen(path: string, t: TestContext): Promise<void> {
  const server = net.createServer();
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  t.after(() => server.close());
}
