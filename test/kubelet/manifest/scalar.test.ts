import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolvePlainScalar } from '../../../src/kubelet/manifest/scalar.ts';

const SCALARS: [string, unknown][] = [
  ['', null],
  ['~', null],
  ['null', null],
  ['Null', null],
  ['nUll', 'nUll'],
  ['true', true],
  ['yes', true],
  ['On', true],
  ['y', true],
  ['off', false],
  ['NO', false],
  ['n', false],
  ['yEs', 'yEs'],
  ['0', 0],
  ['42', 42],
  ['-7', -7],
  ['+7', 7],
  ['0644', 420],
  ['0o644', 420],
  ['-010', -8],
  ['0x1F', 31],
  ['0b101', 5],
  ['089', 89],
  ['1_000', 1000],
  ['0x_ff', 255],
  ['1.5', 1.5],
  ['.5', 0.5],
  ['1.', 1],
  ['1e3', 1000],
  ['-1.5E-2', -0.015],
  ['.inf', Number.POSITIVE_INFINITY],
  ['-.Inf', Number.NEGATIVE_INFINITY],
  ['22:22', '22:22'],
  ['1:30.5', '1:30.5'],
  ['2001-12-14', '2001-12-14'],
  ['2001-12-14 21:59:43.10', '2001-12-14 21:59:43.10'],
  ['1.2.3', '1.2.3'],
  ['127.0.0.1', '127.0.0.1'],
  ['64Mi', '64Mi'],
  ['100m', '100m'],
  ['0x', '0x'],
  ['1e', '1e'],
  ['-', '-'],
  ['_1', '_1'],
  ['=', '='],
  ['hello', 'hello'],
];

for (const [text, value] of SCALARS) {
  test(`the plain scalar ${JSON.stringify(text)} means ${JSON.stringify(value) ?? value}, as in go-yaml`, () => {
    assert.deepEqual(resolvePlainScalar(text), value);
  });
}
