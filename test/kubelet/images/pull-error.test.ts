import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { joinedText, pullError } from '../../../src/kubelet/images/pull-error.ts';

describe('a failed pull', () => {
  const rows = [
    ['not found', 'ErrImagePull', 'not found'],
    [
      'RegistryUnavailable: connection refused',
      'RegistryUnavailable',
      'image pull failed for r.example/a:1 because the registry is unavailable: connection refused',
    ],
    [
      'SignatureValidationFailed',
      'SignatureValidationFailed',
      'image pull failed for r.example/a:1 because the signature validation failed',
    ],
    ['it said RegistryUnavailable', 'ErrImagePull', 'it said RegistryUnavailable'],
  ] as const;
  for (const [text, reason, message] of rows) {
    it(`with "${text}" is ${reason}`, () => assert.deepEqual(pullError('r.example/a:1', text), { reason, message }));
  }
  it('with one text is told by that alone', () => {
    assert.equal(joinedText(['a', 'a']), 'a');
    assert.equal(joinedText(['a', 'b', 'a']), '[a, b]');
  });
});
