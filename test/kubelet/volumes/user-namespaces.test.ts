import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UserNamespaces } from '../../../src/kubelet/volumes/user-namespaces.ts';
import { temporaryDirectory } from '../temporary.ts';

async function scene(t: TestContext, ...uids: string[]) {
  const directory = await temporaryDirectory(t);
  for (const uid of uids) await mkdir(join(directory, uid));
  return directory;
}

test('Pods that come at once get ranges of their own, and keep them over a new agent', async (t) => {
  const directory = await scene(t, 'a', 'b', 'c', 'plain');
  const before = new UserNamespaces(directory);
  const ranges = await Promise.all(['a', 'b', 'c'].map((uid) => before.ensure(uid)));
  assert.deepEqual(
    ranges.map(({ hostId }) => hostId),
    [65_536, 131_072, 196_608],
  );
  const after = new UserNamespaces(directory);
  assert.deepEqual(await after.ensure('b'), ranges[1]);
  await rm(join(directory, 'a'), { recursive: true });
  assert.equal((await after.ensure('plain')).hostId, 65_536);
  assert.match(
    await readFile(join(directory, 'b/userns'), 'utf8'),
    /^\{"uidMappings":\[\{"hostId":131072,"containerId":0,/,
  );
});

test('ids that cannot be known are not given out a second time', async (t) => {
  const directory = await scene(t, 'a', 'b');
  await writeFile(join(directory, 'a/userns'), 'garbage');
  const all = new UserNamespaces(directory);
  await assert.rejects(all.ensure('b'), {
    message: /^invalid user namespace mappings file: .*a\/userns; remove the Pod/,
  });
  await rm(join(directory, 'a'), { recursive: true });
  assert.equal((await all.ensure('b')).hostId, 65_536);
});
