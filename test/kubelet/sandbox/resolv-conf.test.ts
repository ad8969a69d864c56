import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseResolvConf } from '../../../src/kubelet/sandbox/resolv-conf.ts';

const cases: [string, string, Partial<ReturnType<typeof parseResolvConf>>][] = [
  ['nothing is nothing', '', {}],
  [
    'name servers accumulate, also more than three',
    'nameserver 1.1.1.1\nnameserver\t2.2.2.2\nnameserver 3\nnameserver 4',
    { servers: ['1.1.1.1', '2.2.2.2', '3', '4'] },
  ],
  ['only the first address of a line counts', 'nameserver 1.1.1.1 2.2.2.2', { servers: ['1.1.1.1'] }],
  ['the last search line wins', 'search a.org b.org\nsearch c.org', { searches: ['c.org'] }],
  ['an empty search line clears', 'search a.org\nsearch', { searches: [] }],
  ['a trailing dot is dropped, and a lone one with it', 'search a.org. . b.org', { searches: ['a.org', 'b.org'] }],
  [
    'options accumulate, the later of a name wins',
    'options ndots:2 rotate\noptions ndots:5 edns0',
    { options: ['ndots:5', 'rotate', 'edns0'] },
  ],
  [
    'comments and unknown keywords are ignored',
    '# nameserver 9.9.9.9\n; search x\ndomain y\nsortlist z\nnameserver 1.1.1.1',
    { servers: ['1.1.1.1'] },
  ],
  ['blanks and carriage returns around are ignored', '  nameserver   1.1.1.1  \r\n\r\n', { servers: ['1.1.1.1'] }],
];

for (const [name, text, expected] of cases)
  test(name, () => assert.deepEqual(parseResolvConf(text), { servers: [], searches: [], options: [], ...expected }));

test('a name server without an address is an error that names the line', () => {
  assert.throws(() => parseResolvConf('search a\nnameserver \n'), {
    name: 'ConfigError',
    message: 'line 2 of the resolver file has a nameserver without an address',
  });
});

test('any text is read or refused with our own error', () => {
  const line = fc
    .tuple(fc.constantFrom('nameserver', 'search', 'options', '#', ''), fc.string())
    .map((parts) => parts.join(' '));
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      try {
        parseResolvConf(lines.join('\n'));
      } catch (error) {
        assert.equal((error as Error).name, 'ConfigError');
      }
    }),
  );
});
