/** `rower get` prints what kubectl prints, to the byte. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { getCommand } from '../../src/cli/get.ts';
import { serve, type TestEndpoint } from '../http/endpoint.ts';
import { podView, published, samplePods } from '../http/fixture.ts';
import { type Kubectl, prepare } from './kubectl.ts';

const WORD = ['true', 'yes', 'No', 'on', 'y', 'N', 'null', '~', 'Null', '.inf', '.NaN', '<<', '='];
const NUMBERS = [
  '1',
  '1.5',
  '1e3',
  '0x1f',
  '0o7',
  '007',
  '08',
  '1_000',
  '+1',
  '-1',
  '.5',
  '0.',
  '0b11',
  '1e',
  '0x',
  '_1',
  '12:30',
  '12:30:45',
  '2026-11-20',
  '2026-11-20T10:30:00Z',
  '10Mi',
  '500m',
  '1.2.3.4',
];
const INDICATORS = [
  'a: b',
  'a #b',
  'x#y',
  '#x',
  '@x',
  '*x',
  '&x',
  '!x',
  '%x',
  '`x',
  '- x',
  '-x',
  '-',
  '?',
  '? x',
  ':',
  ':x',
  'x:',
  ', x',
  'a, b',
  '[a]',
  '{a}',
  ']',
  '|',
  '> x',
  '---',
  '--- x',
  '...',
  'a:b',
  'http://a:80/x',
];
const QUOTES = [
  '',
  ' ',
  ' lead',
  'trail ',
  '"q"',
  "'q'",
  "it's",
  "x'y: z",
  'say "hi"',
  'back\\slash',
  'tab\there',
  'a\tb: c',
  '\tx',
];
const LINES = [
  'line\nbreak',
  'line\n',
  'line\n\n',
  '\n',
  'a\n b\n',
  ' a\nb',
  'a \nb',
  'a\n\nb',
  'a\rb',
  'a\r\nb',
  'x\n\ty',
];
const LONG = [
  'x'.repeat(300),
  `${'word '.repeat(60)}end`,
  `${'two  blanks '.repeat(20)}`,
  `${"it's: ".repeat(30)}end`,
  `tab\t${'word '.repeat(40)}  end`,
  'ünïcode 日本 <&>',
];

const oddPod = podView('odd', {
  annotations: Object.fromEntries(
    [...WORD, ...NUMBERS, ...INDICATORS, ...QUOTES, ...LINES, ...LONG].map((text, index) => [`k${index}`, text]),
  ),
  labels: Object.fromEntries(
    ['y', 'true', 'a.b', 'n', '1.5', 'null', 'a10', 'a9', 'a09', 'a100', 'a1', 'a0', 'ab', 'a-b', 'a', 'A'].map(
      (key) => [key, 'v'],
    ),
  ),
});

let endpoint: TestEndpoint;
let kubectl: Kubectl;
before(async () => {
  [endpoint, kubectl] = await Promise.all([serve(published([...samplePods(), oddPod])), prepare('1.36')]);
});
after(async () => {
  await endpoint.close();
  await kubectl.dispose();
});

const COMMANDS = [
  'pods',
  'pods -A',
  'pods -o wide',
  'pods -A -o wide',
  'pods -o name',
  'pods -A -o json',
  'pods -A -o yaml',
  'pod web-node-1',
  'pod web-node-1 -o json',
  'pod web-node-1 -o yaml',
  'pods -l tier=back',
  'pods -n nope',
  'pods -n nope -o json',
  'pods -n nope -o yaml',
  'pods -n nope -o name',
  'pods nope',
  'events',
  'events -A -o wide',
  'events -o yaml',
  'nodes -o wide',
  'nodes -o yaml',
  'ns',
  'svc -A',
];

for (const command of COMMANDS) {
  test(`rower get ${command} prints what kubectl prints`, async (t) => {
    if (kubectl.missing) return t.skip(kubectl.missing);
    const argv = [...command.split(' '), '-s', endpoint.url];
    const out: string[] = [];
    const err: string[] = [];
    const status = await getCommand(argv, {
      stdout: (text) => out.push(text),
      stderr: (text) => err.push(text),
      env: {},
    });
    const own = { status, stdout: out.join(''), stderr: err.join('') };
    assert.deepEqual(own, await kubectl.run(['get', ...argv]));
  });
}
