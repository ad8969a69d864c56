import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readDirectives } from '../../../src/metadata/ingest/directives.ts';
import { ingest, problemText } from '../../../src/metadata/ingest/ingest.ts';
import { Refusal } from '../../../src/metadata/ingest/types.ts';

const GOOD: [string, object][] = [
  ['a: b\n#rower: serial=1', {}],
  ['# rowers: x=y\na: b', {}],
  [
    '\n#rower: serial=12 onMissing=remove\n# rower onEmpty=keep\na: b\n#rower: serial=3',
    { serial: 12, onMissing: 'remove', onEmpty: 'keep' },
  ],
  ['#rower\r\n#rower: substitute=coreos audience=a,b=c*\r\n', { substitute: 'coreos', audience: ['a', 'b=c*'] }],
  ['#rower: not-after=2030-01-31', { notAfterMs: Date.UTC(2030, 1, 1) }],
];
for (const [text, expected] of GOOD) {
  test(`${JSON.stringify(text)} is read`, () => assert.deepEqual(readDirectives(text), expected));
}

const BAD: [string, RegExp][] = [
  ['#rower: onMising=remove', /#rower: there is no "onMising".*did you mean.*onMissing/],
  ['#rower: trust=off', /there is no "trust".*Settings of the agent are given to it in its own configuration/],
  ['#rower: serial=-1', /serial must be a whole number, not "-1"/],
  ['#rower: serial=99999999999999999999', /serial must be/],
  ['#rower: audience=a,,b', /audience must be patterns/],
  ['#rower: not-after=2030-13-01', /not-after must be a date/],
];
for (const [text, message] of BAD) {
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => readDirectives(text), { name: 'Refusal', message });
  });
}

test('any first line is read or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        readDirectives(`#rower: ${text}`);
      } catch (error) {
        assert.ok(error instanceof Refusal);
      }
    }),
  );
});

const pod = (first: string, value: string) =>
  `${first}\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: m\n    image: x:1\n    args: ['${value}']\n`;
function argOf(text: string): unknown {
  const variables = new Map([['private_ipv4', '10.0.0.5']]);
  const result = ingest(Buffer.from(text), {
    provider: 'ec2',
    nodeName: 'n',
    manifestDirectory: '/etc/pods',
    variables,
  });
  return (
    result.problems.map(problemText)[0] ??
    /"([^"]*10\.[^"]*|[^"]*\$[^"]*)"|args: \['(.*)'\]/
      .exec(result.files[0]?.text ?? '')
      ?.slice(1)
      .find(Boolean)
  );
}

const SUBSTITUTIONS: [string, string, string | RegExp][] = [
  ['', 'at $private_ipv4', 'at $private_ipv4'],
  ['#rower: substitute=coreos', 'at $private_ipv4', 'at 10.0.0.5'],
  ['#rower: substitute=coreos', `\${metadata.private_ipv4} \\$private_ipv4`, '10.0.0.5 $private_ipv4'],
  ['#rower: substitute=coreos', '$public_ipv4', /\$public_ipv4 has no value on this machine; there are private_ipv4/],
  ['#rower: substitute=none', `\${metadata.private_ipv4}`, `\${metadata.private_ipv4}`],
  ['#rower: substitute=metadata', `\${metadata.private_ipv4}`, '10.0.0.5'],
];
for (const [first, value, expected] of SUBSTITUTIONS) {
  test(`after ${JSON.stringify(first)} ${value} becomes ${expected}`, () => {
    const found = argOf(pod(first, value));
    if (typeof expected === 'string') assert.equal(found, expected);
    else assert.match(String(found), expected);
  });
}

test('a cloud-config says it for the manifests in it', () => {
  const content = pod('', '$private_ipv4').replace(/^/gm, '    ');
  const config = `#cloud-config\nrower: {substitute: coreos}\nwrite_files:\n- path: /etc/pods/a.yaml\n  content: |\n${content}`;
  assert.equal(argOf(config), '10.0.0.5');
});

test('what only signed manifests may say is told of where signatures are not looked at', () => {
  assert.match(String(argOf(pod('#rower: serial=1', 'x'))), /serial, audience and not-after are not looked at/);
});
