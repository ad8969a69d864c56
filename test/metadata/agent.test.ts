import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { MetadataAgent } from '../../src/metadata/agent.ts';
import { ManifestStore } from '../../src/metadata/manifests.ts';
import { parseSelection } from '../../src/metadata/select.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';
import { Cloud, FILE, logged, pod } from './agent-cloud.ts';
import { testEnv } from './env.ts';
import { makeMachine } from './machine.ts';
import { type Answer, metadataServer } from './server.ts';

test('the first start writes the manifests and tells of them', async (t) => {
  const cloud = await Cloud.start(t);
  const { files } = await cloud.boot(logged('manifests from metadata'));
  assert.deepEqual(files, [FILE]);
  assert.equal(await readFile(join(cloud.root, 'pods', FILE), 'utf8'), pod('a'));
  assert.match(cloud.events.join(), /^Normal ManifestsFromMetadata 1 manifests from hetzner: 1 written, 0 removed$/);
});

test('a start without the service runs what ran before, and says what is wrong', async (t) => {
  const cloud = await Cloud.start(t);
  await cloud.boot(logged('manifests from metadata'));
  cloud.down = true;
  const { first, files, log } = await cloud.boot(
    (lines) => lines.filter((line) => line.includes('cannot be had')).length >= 3,
  );
  assert.deepEqual([first, files], [[FILE], [FILE]]);
  assert.match(
    log.find((line) => line.includes('cannot be had')) ?? '',
    /warn .*\/hetzner\/v1\/metadata: the answer has status 503/,
  );
  assert.match(cloud.events.at(-1) ?? '', /Warning MetadataUnavailable/);
  const { state, known, pods, error, errors } = cloud.status.view();
  assert.deepEqual([state, known, pods, error?.kind], ['failing', true, 1, 'status']);
  assert.ok((errors.status ?? 0) >= 3);
});

test('on another machine the manifests of a copied disk are gone before anything is asked', async (t) => {
  const cloud = await Cloud.start(t);
  await cloud.boot(logged('manifests from metadata'));
  cloud.down = true;
  const { first } = await cloud.boot(logged('cannot be had'), 'uuid-2');
  assert.deepEqual(first, []);
  assert.match(cloud.events.join('\n'), /Warning MetadataOfAnotherMachine .*rower-metadata-user-data\.yaml/);
  assert.equal(cloud.status.view().known, false);
});

test('a machine whose firmware has no name for it runs what ran before', async (t) => {
  const cloud = await Cloud.start(t);
  await cloud.boot(logged('manifests from metadata'), '');
  cloud.down = true;
  assert.deepEqual((await cloud.boot(logged('cannot be had'), '')).first, [FILE]);
});

test('new user-data replaces the old, and the old file goes', async (t) => {
  const cloud = await Cloud.start(t);
  await cloud.boot(logged('manifests from metadata'));
  cloud.userData = `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; filename=web.yaml\n\n${pod('b')}\n--b--\n`;
  const { files } = await cloud.boot(logged('manifests from metadata'));
  assert.deepEqual(files, ['rower-metadata-web.yaml']);
});

const KEPT: [string, string | Answer | undefined, string][] = [
  ['404', undefined, 'the user-data is absent now: the Pods it gave before stay'],
  ['204', { status: 204 }, 'the user-data is absent now'],
  ['a script', '#!/bin/sh\nrm -rf /\n', 'is a script (first line'],
  ['a broken manifest', 'kind: [', 'line 1 col 8'],
];

for (const [what, userData, message] of KEPT) {
  test(`${what} instead of manifests stops nothing, and on another instance takes nothing over`, async (t) => {
    const cloud = await Cloud.start(t);
    await cloud.boot(logged('manifests from metadata'));
    cloud.userData = userData;
    assert.deepEqual((await cloud.boot(logged(message))).files, [FILE]);
    cloud.instance = '2';
    assert.deepEqual((await cloud.boot(logged('another instance'))).files, []);
    assert.match(cloud.events.join('\n'), /Warning MetadataInstanceChanged .*: 2 instead of 1/);
  });
}

test('content that says that no Pods are wanted removes them', async (t) => {
  const cloud = await Cloud.start(t);
  await cloud.boot(logged('manifests from metadata'));
  cloud.userData = '# no Pods here\n';
  assert.deepEqual((await cloud.boot((_, files) => files.length === 0)).files, []);
});

test('what is refused at first gives no files, an error and an event', async (t) => {
  const cloud = await Cloud.start(t);
  cloud.userData = '#!/bin/sh\n';
  const { files, log } = await cloud.boot(logged('is a script'));
  assert.deepEqual(files, []);
  assert.ok(log.some((line) => line.startsWith('error user-data (provider hetzner): is a script')));
  assert.match(cloud.events.join(), /^Warning ManifestRejected user-data \(provider hetzner\): is a script/);
  const { state, outcome, problems, errors, lastSuccessAtMs } = cloud.status.view();
  assert.deepEqual(
    [state, outcome, problems.length, errors.refused, lastSuccessAtMs],
    ['refused', 'refused', 1, 1, undefined],
  );
});

test('a service that comes up late is waited for', async (t) => {
  const cloud = await Cloud.start(t);
  cloud.down = true;
  const { files } = await cloud.boot((log, found) => {
    if (logged('"failures":2')(log)) cloud.down = false;
    return found.length > 0 && logged('the metadata service answers')(log);
  });
  assert.deepEqual(files, [FILE]);
});

test('without a provider that fits, what is there is left alone', async (t) => {
  const env = testEnv(1);
  const root = await temporaryDirectory(t);
  const agent = new MetadataAgent({
    selection: parseSelection('auto'),
    machine: await makeMachine(t),
    store: new ManifestStore({ manifestDirectory: join(root, 'pods'), stateDirectory: join(root, 'state') }),
    nodeName: 'node',
    manifestDirectory: join(root, 'pods'),
    trust: 'off',
    env,
    chosen: () => {},
    learn: () => {},
    report: () => assert.fail('nothing to report'),
  });
  await agent.prepare();
  await agent.run(new AbortController().signal);
  assert.match(env.lines.join('\n'), /info no metadata provider fits this machine/);
});

test('a file that was named is followed as it changes', async (t) => {
  const env = testEnv(10);
  const root = await temporaryDirectory(t);
  const manifestDirectory = join(root, 'pods');
  const machine = await makeMachine(t, { files: { '/user-data': pod('a') } });
  const agent = new MetadataAgent({
    selection: parseSelection('file=/user-data'),
    machine,
    store: new ManifestStore({ manifestDirectory, stateDirectory: join(root, 'state') }),
    nodeName: 'node',
    manifestDirectory,
    trust: 'off',
    env,
    chosen: () => {},
    learn: () => {},
    report: () => {},
  });
  const stop = new AbortController();
  await agent.prepare();
  const running = agent.run(stop.signal);
  const holds = async (text: string) => {
    while ((await readFile(join(manifestDirectory, FILE), 'utf8').catch(() => '')) !== text)
      await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await holds(pod('a'));
  await writeFile(machine.path('/next'), pod('b'));
  await rename(machine.path('/next'), machine.path('/user-data'));
  await holds(pod('b'));
  stop.abort();
  await running;
});

test('gce is asked for changes with the mark of the last ones, and followed', async (t) => {
  let [etag, manifest] = ['e1', pod('a')];
  const asked: string[] = [];
  const headers = { 'metadata-flavor': 'Google' };
  const { base } = await metadataServer(t, ({ url = '' }) => {
    if (url.includes('wait_for_change')) {
      asked.push(/last_etag=(\w+)/.exec(url)?.[1] ?? '');
      if (asked.length === 3) [etag, manifest] = ['e2', pod('b')];
      return { body: '{}', headers: { ...headers, etag } };
    }
    return url.endsWith('/instance/attributes/kube-pods') ? { body: manifest, headers } : { status: 404, headers };
  });
  const root = await temporaryDirectory(t);
  const manifestDirectory = join(root, 'pods');
  const agent = new MetadataAgent({
    selection: parseSelection('gce'),
    machine: await makeMachine(t),
    store: new ManifestStore({ manifestDirectory, stateDirectory: join(root, 'state') }),
    nodeName: 'node',
    manifestDirectory,
    trust: 'off',
    endpoint: base,
    env: testEnv(5),
    chosen: () => {},
    learn: () => {},
    report: () => {},
  });
  const stop = new AbortController();
  const running = agent.run(stop.signal);
  while ((await readFile(join(manifestDirectory, FILE), 'utf8').catch(() => '')) !== pod('b'))
    await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await running;
  assert.deepEqual(asked.slice(0, 3), ['NONE', 'e1', 'e1']);
});

test('an agent that is stopped at any moment ends', async (t) => {
  const { base } = await metadataServer(t, ({ url }) => (url === '/hetzner/v1/userdata' ? pod('a') : { status: 404 }));
  for (const moment of ['metadata provider', 'manifests from metadata']) {
    const root = await temporaryDirectory(t);
    const manifestDirectory = join(root, 'pods');
    const stop = new AbortController();
    const env = testEnv(20);
    const info: typeof env.log.info = (fields, message) => {
      env.log.debug(fields, message);
      if (message === moment) stop.abort();
    };
    const agent = new MetadataAgent({
      selection: parseSelection('hetzner'),
      machine: await makeMachine(t),
      store: new ManifestStore({ manifestDirectory, stateDirectory: join(root, 'state') }),
      nodeName: 'node',
      manifestDirectory,
      trust: 'off',
      endpoint: base,
      env: { ...env, log: { ...env.log, info } },
      chosen: () => {},
      learn: () => {},
      report: () => {},
    });
    await agent.run(stop.signal);
    assert.ok(stop.signal.aborted);
  }
});

test('where signatures are required, unsigned manifests are refused and nothing unsigned stops Pods', async (t) => {
  const cloud = await Cloud.start(t);
  await cloud.boot(logged('manifests from metadata'));
  cloud.trust = 'require';
  cloud.userData = pod('b');
  assert.deepEqual((await cloud.boot(logged('is not signed'))).files, [FILE]);
  cloud.userData = '{}';
  assert.deepEqual((await cloud.boot(logged('the user-data is empty now'))).files, [FILE]);
  assert.equal(await readFile(join(cloud.root, 'pods', FILE), 'utf8'), pod('a'));
});

test('a provider whose user-data cannot change is asked again when that is wanted, and one that fails at once', async (t) => {
  const cloud = await Cloud.start(t);
  let step = 0;
  const { log } = await cloud.boot((lines, files, agent) => {
    if (step === 0 && files.length > 0) {
      step = 1;
      cloud.userData = '#!/bin/sh\n';
      agent.askAgain();
    }
    if (step === 1 && logged('is a script')(lines)) {
      step = 2;
      cloud.down = true;
      agent.askAgain();
    }
    if (step === 2 && logged('cannot be had')(lines)) {
      step = 3;
      cloud.down = false;
      cloud.userData = pod('b');
      agent.askAgain();
    }
    return step === 3 && lines.filter((line) => line.includes('manifests from metadata')).length === 2;
  });
  assert.ok(logged('the metadata service answers')(log));
});

test('a sentence of a firewall is not another instance', async (t) => {
  const cloud = await Cloud.start(t);
  cloud.provider = 'ec2';
  await cloud.boot(logged('manifests from metadata'));
  cloud.instance = 'Access denied by policy';
  const { files } = await cloud.boot(logged('the instance id that came is \\"Access denied by policy\\"'));
  assert.deepEqual(files, [FILE]);
  assert.match(cloud.events.join('\n'), /^Normal ManifestsFromMetadata/);
});

for (const provider of ['hetzner', 'ec2'] as const)
  test(`a captive portal in front of ${provider} is not another instance: what ran stays, and it is asked again`, async (t) => {
    const cloud = await Cloud.start(t);
    cloud.provider = provider;
    await cloud.boot(logged('manifests from metadata'));
    cloud.portal = true;
    const { files, log } = await cloud.boot((lines, _, agent) => {
      const failed = lines.filter((line) => line.includes('a page of HTML came instead')).length;
      if (failed > 0) cloud.portal = false;
      agent.askAgain();
      return failed > 0 && logged('the metadata service answers')(lines);
    });
    assert.deepEqual(files, [FILE]);
    assert.ok(!logged('another instance')(log));
  });
