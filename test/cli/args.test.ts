import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlagSpec, parseArgs, UsageError } from '../../src/cli/args.ts';

const SPECS: FlagSpec[] = [
  { name: 'read-only-port', valueName: 'N', help: '' },
  { name: 'address', valueName: 'IP', help: '' },
  { name: 'v', valueName: 'N', help: '' },
  { name: 'all', help: '' },
  { name: 'help', help: '' },
];

const READ: [string, string[], Record<string, string[]>, string[]?][] = [
  ['two dashes and a space', ['--address', '::1'], { address: ['::1'] }],
  ['two dashes and an equals sign', ['--address=::1'], { address: ['::1'] }],
  ['an equals sign inside the value', ['--address=a=b'], { address: ['a=b'] }],
  ['an empty value', ['--address='], { address: [''] }],
  ['an empty value apart', ['--address', ''], { address: [''] }],
  ['underscores, as the kubelet takes them', ['--read_only_port=1'], { 'read-only-port': ['1'] }],
  ['a negative number as value', ['--read-only-port', '-1'], { 'read-only-port': ['-1'] }],
  ['-v 2', ['-v', '2'], { v: ['2'] }],
  ['-v=2', ['-v=2'], { v: ['2'] }],
  ['-v2', ['-v2'], { v: ['2'] }],
  ['--v=2', ['--v=2'], { v: ['2'] }],
  ['--v 2', ['--v', '2'], { v: ['2'] }],
  ['a flag several times', ['--address=a', '--address=b'], { address: ['a', 'b'] }],
  ['a flag without value', ['--all', 'x'], { all: [''] }, ['x']],
  ['-h', ['-h'], { help: [''] }],
  ['arguments among flags', ['a', '--all', 'b'], { all: [''] }, ['a', 'b']],
  ['two dashes alone end the flags', ['--all', '--', '--address', '-v'], { all: [''] }, ['--address', '-v']],
  ['one dash alone is an argument', ['-'], {}, ['-']],
  ['nothing', [], {}],
];

for (const [name, argv, flags, positionals = []] of READ) {
  test(`arguments are read: ${name}`, () => {
    const parsed = parseArgs(argv, SPECS);
    assert.deepEqual(Object.fromEntries(parsed.flags), flags);
    assert.deepEqual(parsed.positionals, positionals);
  });
}

const REFUSED: [string, string[], string][] = [
  ['an unknown flag', ['--nothing'], 'unknown flag --nothing'],
  ['a slip of the finger', ['--adress=1'], 'unknown flag --adress; did you mean --address?'],
  ['a long name with one dash', ['-address', '1'], 'unknown flag -address; did you mean --address?'],
  ['an unknown letter', ['-x'], 'unknown flag -x'],
  ['a flag at the end without its value', ['--address'], '--address needs a value: --address IP'],
  ['a flag where a value should be', ['--address', '--all'], '--address needs a value: --address IP'],
  ['a value for a flag that takes none', ['--all=1'], '--all takes no value'],
];

for (const [name, argv, message] of REFUSED) {
  test(`arguments are refused: ${name}`, () => {
    assert.throws(
      () => parseArgs(argv, SPECS),
      (error) => error instanceof UsageError && error.message === message,
    );
  });
}
