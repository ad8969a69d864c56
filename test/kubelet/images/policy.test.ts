import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ImageRule, NO_POLICY, refusalOf, ruleFor } from '../../../src/kubelet/images/policy.ts';

const rule = (matchImages: string[], require: ImageRule['require']): ImageRule => ({
  matchImages,
  require,
  cosignKeys: [],
});
const POLICY = {
  source: '/etc/images.yaml',
  registryConfigPath: '',
  rules: [
    rule(['registry.example/team', '*.mirror.example:5000/a/'], 'nothing'),
    rule(['docker.io/library'], 'digest'),
    rule(['registry.example'], 'signature'),
    rule(['*'], 'reject'),
  ],
};
const PIN = `@sha256:${'a'.repeat(64)}`;

const CASES: [image: string, require: ImageRule['require'], refusal?: RegExp][] = [
  ['registry.example/team/app:1', 'nothing'],
  ['registry.example/team', 'nothing'],
  ['registry.example/team-evil/app', 'signature'],
  ['registry.example/app', 'signature'],
  ['x.mirror.example:5000/a/b', 'nothing'],
  ['x.mirror.example/a/b', 'reject', /allows no image of x\.mirror\.example\/a\/b/],
  ['busybox', 'digest', /^\/etc\/images\.yaml wants images of docker\.io\/library\/busybox by digest: NAME@sha256:…$/],
  ['busybox:1', 'digest', /by digest/],
  [`busybox${PIN}`, 'digest'],
  [`busybox:1${PIN}`, 'digest'],
  ['busybox@sha256:short', 'digest', /by digest/],
  ['someone/busybox', 'reject', /allows no image/],
  [`sha256:${'a'.repeat(64)}`, 'digest', /by digest/],
];
for (const [image, require, refusal] of CASES) {
  test(`${image} must have ${require}`, () => {
    assert.equal(ruleFor(POLICY, image)?.require, require);
    const found = refusalOf(POLICY, image);
    if (refusal) assert.match(found ?? '', refusal);
    else assert.equal(found, undefined);
  });
}

test('an image that no rule matches may run', () => {
  assert.equal(refusalOf(NO_POLICY, 'busybox'), undefined);
});
