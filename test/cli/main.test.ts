import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { rower } from './rower.ts';

const COMMANDS = ['run', 'validate', 'get', 'metadata', 'sign', 'verify', 'version'];

test('without a command the help goes to standard error and the status is 2', async () => {
  const { status, stdout, stderr } = await rower();
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^Usage: rower COMMAND/m);
});

for (const argv of [['--help'], ['-h'], ['help'], ['help', '--help']]) {
  test(`rower ${argv.join(' ')} names every command`, async () => {
    const { status, stdout, stderr } = await rower(...argv);
    assert.equal(status, 0);
    assert.equal(stderr, '');
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command} +\\w`, 'm'));
  });
}

for (const command of COMMANDS) {
  test(`rower ${command} --help and rower help ${command} are the same`, async () => {
    const byFlag = await rower(command, '--help');
    assert.equal(byFlag.status, 0);
    assert.equal(byFlag.stderr, '');
    assert.match(byFlag.stdout, new RegExp(`rower ${command}`));
    assert.deepEqual(await rower('help', command), byFlag);
    assert.deepEqual(await rower(command, '-h'), byFlag);
  });
}

const REFUSED: [string[], string][] = [
  [['runn'], 'rower: unknown command runn; did you mean run?\nSee rower --help.\n'],
  [['--config', 'x', 'run'], 'rower: unknown flag --config; the command comes first\nSee rower --help.\n'],
  [['help', 'nothing'], 'rower help: unknown command nothing\nSee rower help --help.\n'],
  [['version', 'x'], 'rower version: version takes no arguments: x\nSee rower version --help.\n'],
  [['run', '--adress', '::1'], 'rower run: unknown flag --adress; did you mean --address?\nSee rower run --help.\n'],
  [['run', '/etc/pods'], 'rower run: run takes no arguments, only flags: /etc/pods\nSee rower run --help.\n'],
  [['run', '--config'], 'rower run: --config needs a value: --config FILE\nSee rower run --help.\n'],
  [
    ['run', '--config=/nowhere/config.yaml'],
    "rower run: --config: cannot read /nowhere/config.yaml: ENOENT: no such file or directory, stat '/nowhere/config.yaml'\nSee rower run --help.\n",
  ],
  [
    ['run', '--read-only-port=70000', '--address', 'here'],
    'rower run: --read-only-port: must be between 0 and 65535, not 70000\n' +
      'rower run: --address: must be an IP address, not "here"\nSee rower run --help.\n',
  ],
];

for (const [argv, stderr] of REFUSED) {
  test(`rower ${argv.join(' ')} is refused with status 2 and a clear line`, async () => {
    assert.deepEqual(await rower(...argv), { status: 2, stdout: '', stderr });
  });
}

for (const argv of [['version'], ['--version']]) {
  test(`rower ${argv[0]} tells the version of package.json`, async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    const { status, stdout } = await rower(...argv);
    assert.equal(status, 0);
    assert.match(
      stdout,
      new RegExp(`^rower ${version.replaceAll('.', '\\.')} \\(Kubernetes v1\\.\\d+\\..*, Node v\\d+.*\\)\\n$`),
    );
  });
}
