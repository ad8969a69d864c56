import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closest, didYouMean } from '../../src/config/closest.ts';

const NAMES = ['maxPods', 'podPidsLimit', 'port', 'readOnlyPort', 'address', 'v'];

const CASES: [string, string | undefined, string][] = [
  ['maxPod', 'maxPods', 'a letter left out'],
  ['maxxPods', 'maxPods', 'a letter too many'],
  ['mxaPods', 'maxPods', 'two letters swapped'],
  ['maxpods', 'maxPods', 'the wrong case'],
  ['readOnlyProt', 'readOnlyPort', 'two letters swapped near the end'],
  ['prot', 'port', 'a short name with one slip'],
  ['V', 'v', 'the wrong case of a single letter'],
  ['adres', undefined, 'two slips are too many for five letters'],
  ['x', undefined, 'another letter'],
  ['kubeconfig', undefined, 'nothing like any of them'],
  ['', undefined, 'nothing at all'],
];

for (const [name, wanted, why] of CASES) {
  test(`${JSON.stringify(name)} was meant to be ${wanted}: ${why}`, () => assert.equal(closest(name, NAMES), wanted));
}

test('the suggestion is a part of a sentence, or nothing', () => {
  assert.equal(didYouMean('maxPod', NAMES), '; did you mean maxPods?');
  assert.equal(didYouMean('kubeconfig', NAMES), '');
});

test('the beginning of one name alone is that name', () => {
  const names = ['allowHostNetwork', 'allowHostPID', 'allowHostIPC'];
  assert.equal(closest('allowHostNet', names), 'allowHostNetwork');
  assert.equal(closest('allowhostn', names), 'allowHostNetwork');
  assert.equal(closest('allow', names), undefined);
});
