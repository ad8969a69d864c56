import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packagesFor } from '../../hack/install-debian.ts';

test('the packages are those that the problems ask for, each once', () => {
  const problems = [
    'containerd is not installed: apt-get install containerd',
    'ctr is not installed: apt-get install containerd',
    'no CNI plugins (bridge) in /usr/lib/cni: apt-get install containernetworking-plugins',
    'not root: run it as root',
  ];
  assert.deepEqual(packagesFor(problems), ['containerd', 'containernetworking-plugins']);
  assert.deepEqual(packagesFor([]), []);
});
