/** What the agent tells of the metadata: status and events. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cloud, FILE, logged, pod } from './agent-cloud.ts';

test('a state file that cannot be read costs no Pods', async (t) => {
  const cloud = await Cloud.start(t);
  await cloud.boot(logged('manifests from metadata'));
  await writeFile(join(cloud.root, 'state', 'state.json'), '{"provider":');
  cloud.down = true;
  const { first, log } = await cloud.boot(logged('cannot be had'));
  assert.deepEqual(first, [FILE]);
  assert.ok(log.some((line) => line.includes('the state of the last metadata is damaged')));
});

test('what is known is told: what was taken, when it changed, and why something is refused, without its lines', async (t) => {
  const cloud = await Cloud.start(t);
  await cloud.boot(logged('manifests from metadata'));
  const first = cloud.status.view();
  const { state, provider, reason, instanceId, outcome, payload, pods, documents, asked, userDataSha256 } = first;
  assert.deepEqual(
    { state, provider, reason, instanceId, outcome, payload, pods, documents, asked },
    {
      ...{ state: 'current', provider: 'hetzner', reason: 'it was named', instanceId: '1', outcome: 'files' },
      ...{ payload: 'userdata', pods: 1, documents: 0, asked: 1 },
    },
  );
  assert.equal(userDataSha256, createHash('sha256').update(pod('a')).digest('hex').slice(0, 12));
  await cloud.boot((log) => logged('metadata provider')(log) && cloud.status.view().state === 'current');
  assert.equal(cloud.status.view().changedAtMs, first.changedAtMs);
  cloud.userData = `${pod('b')}---\n${pod('c').replace('image: x:1', 'image: [hunter2]')}`;
  await cloud.boot(logged('hunter2'));
  const refused = cloud.status.view();
  assert.deepEqual([refused.state, refused.pods, refused.known], ['refused', 1, true]);
  assert.match(
    cloud.events.at(-1) ?? '',
    /^Warning ManifestRejected user-data \(provider hetzner\), line \d+ col \d+: /,
  );
  assert.doesNotMatch(`${cloud.events.at(-1)}${JSON.stringify(refused)}`, /\n/);
});

test('a service that says no is told of at once, and nobody waits for it', async (t) => {
  const cloud = await Cloud.start(t);
  cloud.userData = { status: 403 };
  await cloud.boot(logged('cannot be had'));
  assert.match(
    cloud.events.join(),
    /^Warning MetadataDenied .*status 403: the service refuses this machine; look whether it is switched on/,
  );
  const { state, known, error } = cloud.status.view();
  assert.deepEqual([state, known, error?.kind], ['failing', true, 'denied']);
});

test('manifests that cannot be written are an error of their own', async (t) => {
  const cloud = await Cloud.start(t);
  cloud.down = true;
  await cloud.boot((log) => {
    if (cloud.down && logged('cannot be had')(log)) {
      writeFileSync(join(cloud.root, 'pods'), 'a file, not a directory');
      cloud.down = false;
    }
    return cloud.status.view().error?.kind === 'write';
  });
  assert.match(cloud.status.view().error?.message ?? '', /^the manifests cannot be written: E/);
});
