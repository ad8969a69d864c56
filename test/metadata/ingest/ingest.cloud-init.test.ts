/** On a machine with cloud-init, what cloud-init runs is none of Rower's business; on any other it is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ingest } from '../../../src/metadata/ingest/ingest.ts';

const POD = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n';
const part = (type: string, body: string) => `--b\nContent-Type: ${type}\n\n${body}\n`;
const message = (...parts: string[]) =>
  `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n${parts.join('')}--b--\n`;

const take = (text: string, launchIndex = 0) =>
  ingest(Buffer.from(text), { provider: 'x', nodeName: 'n', manifestDirectory: '/etc/pods', launchIndex });

const CASES: [what: string, text: string, outcome: string][] = [
  ['a script', '#!/bin/sh\nrower run &\n', 'nothing'],
  ['a boothook', '#cloud-boothook\necho\n', 'nothing'],
  ['a template', '## template: jinja\n#cloud-config\nruncmd: [ls]\n', 'nothing'],
  ['a cloud-config that runs and installs', '#cloud-config\nruncmd: [ls]\npackages: [x]\n', 'nothing'],
  ['a script beside a Pod', message(part('text/x-shellscript', '#!/bin/sh'), part('application/yaml', POD)), 'files'],
];

for (const [what, text, outcome] of CASES) {
  test(`${what} is left to cloud-init, and refused without it`, () => {
    const options = { provider: 'x', nodeName: 'n', manifestDirectory: '/etc/pods' };
    const left = ingest(Buffer.from(text), { ...options, writeFilesDone: true });
    assert.equal(left.outcome, outcome);
    assert.ok(left.problems.length > 0 && left.problems.every(({ severity }) => severity === 'warning'));
    assert.equal(ingest(Buffer.from(text), options).outcome, 'refused');
  });
}

test('an Ignition config and the like stay refused: cloud-init does not take them either', () => {
  const options = { provider: 'x', nodeName: 'n', manifestDirectory: '/etc/pods', writeFilesDone: true };
  assert.equal(ingest(Buffer.from('{"ignition":{"version":"3.0.0"}}'), options).outcome, 'refused');
});

test('a cloud-config and an item of an archive may be for another machine of the request too', () => {
  const config = (index: string) =>
    `#cloud-config\nlaunch-index: ${index}\nwrite_files:\n- path: /etc/pods/a.yaml\n  content: |\n${POD.replace(/^/gm, '    ')}`;
  const count = (text: string, launchIndex?: number) => take(text, launchIndex).files.length;
  assert.deepEqual(
    [count(config('1')), count(config('1'), 1), count(config('0')), count(config('null'), 3)],
    [0, 1, 1, 1],
  );
  assert.deepEqual(take(config('0')).problems, []);
  assert.match(take(config('first')).problems[0]?.message ?? '', /launch-index must be a whole number/);
  const archive = `#cloud-config-archive\n- launch-index: 1\n  content: |\n${POD.replace(/^/gm, '    ')}`;
  assert.deepEqual([count(archive), count(archive, 1)], [0, 1]);
});
