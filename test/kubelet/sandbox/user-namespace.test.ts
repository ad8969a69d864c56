import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkUserNamespace,
  freeRange,
  idMappings,
  readMappings,
  writeMappings,
} from '../../../src/kubelet/sandbox/user-namespace.ts';
import { revision } from '../build.ts';

const range = (hostId: number, length = 65_536) => ({ hostId, length });

test('ranges are given out from the bottom, never that of the machine itself', () => {
  assert.deepEqual(freeRange([]), range(65_536));
  assert.deepEqual(freeRange([range(65_536), range(196_608)]), range(131_072));
});

test('there are only so many ranges', () => {
  assert.deepEqual(freeRange([range(65_536, 65_532 * 65_536)]), range(65_533 * 65_536));
  assert.equal(freeRange([range(65_536, 65_534 * 65_536)]), undefined);
});

test('what was written is read back', () => {
  assert.deepEqual(readMappings(writeMappings(range(131_072))), range(131_072));
  assert.deepEqual(idMappings(range(131_072)), [{ hostId: 131_072, containerId: 0, length: 65_536 }]);
});

const wrong = {
  'no JSON': '{',
  nothing: 'null',
  'no mapping': '{"uidMappings":[],"gidMappings":[]}',
  'other groups than users': writeMappings(range(65_536)).replace(
    '"gidMappings":[{"hostId":65536',
    '"gidMappings":[{"hostId":0',
  ),
  'the ids of the machine': writeMappings(range(0)),
  'half a range': writeMappings(range(65_536, 100)),
  'a crooked start': writeMappings(range(65_537)),
};
for (const [what, text] of Object.entries(wrong))
  test(`${what} is no mapping`, () => assert.equal(readMappings(text), undefined));

test('a runtime without user namespaces is named', () => {
  const { pod } = revision({ hostUsers: false });
  checkUserNamespace(pod, '', true, 'containerd 2.1');
  checkUserNamespace(revision().pod, '', false, 'containerd 1.6.20');
  assert.throws(() => checkUserNamespace(pod, '', false, 'containerd 1.6.20'), {
    name: 'ConfigError',
    message: "can't set `spec.hostUsers: false`, runtime containerd 1.6.20 does not support user namespaces",
  });
  assert.throws(() => checkUserNamespace(pod, 'kata', false, 'containerd 2.0'), {
    message:
      'can\'t set `spec.hostUsers: false`, RuntimeClass handler "kata" of containerd 2.0 does not support user namespaces',
  });
});
