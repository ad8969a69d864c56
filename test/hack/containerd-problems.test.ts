import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerdProblems } from '../../hack/containerd-problems.ts';

test('every program that is missing is named with the package that brings it', () => {
  const path = process.env.PATH;
  process.env.PATH = '/nonexistent';
  try {
    const problems = containerdProblems();
    for (const [program, debianPackage] of [
      ['containerd', 'containerd'],
      ['ctr', 'containerd'],
      ['runc', 'runc'],
      ['iptables', 'iptables'],
    ]) {
      assert.ok(
        problems.includes(`${program} is not installed: apt-get install ${debianPackage}`),
        problems.join('\n'),
      );
    }
  } finally {
    process.env.PATH = path;
  }
});
