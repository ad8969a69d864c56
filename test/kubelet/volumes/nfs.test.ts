import assert from 'node:assert/strict';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { nfs } from '../../../src/kubelet/volumes/nfs.ts';
import { mountsBelow, temporaryDirectory } from '../temporary.ts';
import { volumeInput } from './volume-input.ts';

test('a server that cannot be mounted is told in the words of mount(8), and nothing is left mounted', async (t) => {
  const base = await realpath(await temporaryDirectory(t));
  // No machine has this name, with or without a helper for nfs.
  const source = { nfs: { server: 'nas.invalid', path: '/export' } };
  await assert.rejects(nfs.prepare(volumeInput(source, join(base, 'v'))), /^Error: mount/);
  assert.deepEqual(await mountsBelow(base), []);
});
