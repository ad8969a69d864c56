import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeSubnet, layoutOf } from '../../hack/containerd-config.ts';

test('a bridge has a name that the kernel takes, of its own in every directory', () => {
  const names = ['/tmp/a', '/tmp/b', `/tmp/${'long/'.repeat(100)}`].map((dir) => layoutOf(dir).bridge);
  for (const name of names) assert.match(name, /^[a-z0-9]{1,15}$/);
  assert.equal(new Set(names).size, names.length);
});

test('a subnet is the same for a directory until it is taken, also by a larger or a smaller one', () => {
  const layout = layoutOf('/tmp/a');
  const first = freeSubnet(layout, []);
  assert.match(first, /^10\.\d+\.\d+\.0\/24$/);
  assert.equal(freeSubnet(layout, []), first);
  const [a, b, c] = first.split('.');
  for (const taken of [first, `${a}.${b}.${c}.128/25`, `${a}.${b}.${c}.7`, `${a}.${b}.0.0/16`]) {
    assert.notEqual(freeSubnet(layout, [taken]), first, taken);
  }
  assert.equal(freeSubnet(layout, [`${a}.${b}.0.0/16`]).startsWith(`${a}.${b}.`), false);
});

test('a machine without a free subnet is told what to do', () => {
  assert.throws(() => freeSubnet(layoutOf('/tmp/a'), ['10.0.0.0/8']), /name one with --subnet/);
});
