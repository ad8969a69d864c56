/**
 * A machine in a cloud from its first start to its last: the real agent, a real runtime, and Google's metadata service at its
 * real address. All in a network namespace of its own, in which this file runs itself once more.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import process from 'node:process';
import { after, describe, it, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildImages, busyboxImage } from '../../hack/images.ts';
import { startRegistry } from '../../hack/registry.ts';
import { type Agent, createAgent, manifest, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';

const ADDRESS = '169.254.169.254';
const INSIDE = 'ROWER_TEST_IN_NAMESPACE';
const ROOT = '/computeMetadata/v1/';

/** What there is changes as the test goes on; a change ends the long polls. */
class Cloud {
  values: Record<string, string> = {};
  /** How often it was asked for the manifests. */
  asked = 0;
  #etag = 1;
  #server: http.Server | undefined;
  readonly #waiting = new Set<() => void>();

  set(values: Record<string, string | undefined>): void {
    const all = Object.entries({ ...this.values, ...values });
    this.values = Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
    this.#etag += 1;
    for (const answer of this.#waiting) answer();
    this.#waiting.clear();
  }

  async start(): Promise<void> {
    const server = http.createServer((request, response) => {
      response.setHeader('Metadata-Flavor', 'Google');
      const url = new URL(request.url ?? '', 'http://metadata');
      const answer = () => {
        response.setHeader('ETag', `e${this.#etag}`);
        const path = url.pathname.slice(ROOT.length);
        if (path === 'instance/attributes/kube-pods') this.asked += 1;
        const value = url.searchParams.has('wait_for_change') ? '{}' : this.values[path];
        response.statusCode = value === undefined ? 404 : 200;
        response.end(value);
      };
      const last = url.searchParams.get('last_etag');
      if (last === `e${this.#etag}`) this.#waiting.add(answer);
      else answer();
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(80, ADDRESS, resolve));
  }

  async stop(): Promise<void> {
    this.#waiting.clear();
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }
}

const zoned = (name: string, metadata: object = {}) =>
  manifest(
    name,
    {
      containers: [
        sleeper({
          env: [
            { name: 'ZONE', valueFrom: { fieldRef: { fieldPath: "metadata.labels['topology.kubernetes.io/zone']" } } },
            { name: 'TYPE', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['rower.dev/instance-type']" } } },
            // biome-ignore lint/suspicious/noTemplateCurlyInString: the agent replaces it
            { name: 'PROJECT', value: '${metadata.project_id}' },
          ],
        }),
      ],
    },
    metadata,
  );

if (process.env[INSIDE] === undefined) {
  test('in a namespace of its own', { skip }, () => {
    const script = `ip link set lo up && ip addr add ${ADDRESS}/32 dev lo && exec "$@"`;
    const argv = [
      '--net',
      'sh',
      '-c',
      script,
      'sh',
      process.execPath,
      '--test',
      '--test-force-exit',
      fileURLToPath(import.meta.url),
    ];
    // A test runner inside another one would speak to it instead of to us.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const options = { env: { ...env, [INSIDE]: '1' }, encoding: 'utf8', timeout: 280_000 } as const;
    const { status, stdout, stderr } = spawnSync('unshare', argv, options);
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /pass 1\b/);
  });
} else {
  describe('a machine in a cloud', { skip }, () => {
    const machine = useMachine();
    const cloud = new Cloud();
    after(() => cloud.stop());

    it('waits for its Pods, runs them, follows a change, survives a reboot without network, and another instance', async () => {
      const agent = await createAgent(machine.containerd, ['--metadata', 'gce']);
      machine.cleanUps.push(() => {
        // Given by the cloud they would come again.
        cloud.set({ 'instance/attributes/kube-pods': '{}' });
        return agent.dispose();
      });

      await agent.start();
      await waitFor('what is wrong to be told', async () => (await problems(agent)).includes(ADDRESS));
      const waiting = await agent.get('/readyz?verbose');
      assert.match(waiting.body, /\[-\]metadata failed: gce has not given what this machine is to run: .*169\.254/);
      assert.equal((await agent.get('/healthz')).status, 200);

      cloud.set({
        'instance/id': '1',
        'instance/zone': 'projects/9/zones/europe-west1-b',
        'instance/machine-type': 'projects/9/machineTypes/e2-micro',
        'instance/hostname': 'web.c.p.internal',
        'project/project-id': 'p',
        'instance/network-interfaces/0/access-configs/0/external-ip': '203.0.113.7',
        'instance/attributes/kube-pods': zoned('one'),
      });
      await cloud.start();
      const first = await agent.until('the Pod', running('one'));
      const { cri } = machine.client;
      const id = (first.containerID ?? '').replace('containerd://', '');
      const { stdout } = await cri.execSync(id, ['/bin/busybox', 'env'], 20);
      for (const line of ['ZONE=europe-west1-b', 'TYPE=e2-micro', 'PROJECT=p'])
        assert.ok(Buffer.from(stdout).toString().split('\n').includes(line), line);
      const [node] = JSON.parse((await agent.get('/api/v1/nodes')).body).items;
      assert.equal(node.metadata.labels['topology.kubernetes.io/region'], 'europe-west1');
      assert.equal(node.spec.providerID, 'gce://p/europe-west1-b/web');
      assert.ok(node.status.addresses.some((one: { address: string }) => one.address === '203.0.113.7'));
      assert.match((await agent.get('/readyz?verbose')).body, /\[\+\]metadata ok/);

      await waitFor('the guard', async () => guard().includes('169.254.169.254'));
      assert.doesNotMatch(guard(), / accept$/m, 'nobody may ask');
      const asking = zoned('two', { annotations: { 'rower.dev/metadata-access': 'allow' } });
      cloud.set({ 'instance/attributes/kube-pods': asking });
      await agent.until('the new Pod', running('two'));
      const address = await agent.until('its address', (pods) => statusOf(pods, 'two').pod?.status?.podIP);
      await waitFor('the Pod to be let through', async () => guard().includes(`ip saddr ${address} accept`));
      await agent.until('the end of the old one', (pods) => statusOf(pods, 'one').pod === undefined);

      const asked = cloud.asked;
      agent.reload('');
      await waitFor('the cloud to be asked again, with the keys of now', async () => cloud.asked > asked);

      const registry = await startRegistry();
      machine.cleanUps.push(() => registry.stop());
      const [image = assert.fail('an image')] = buildImages([busyboxImage('web')]);
      await registry.push(image, 'team/web:1');
      const declared = `spec:
  containers:
  - {name: Web_Server, image: '${registry.host}/team/web:1', command: [/bin/sleep], args: ['1000'], stdin: false, tty: false}
  restartPolicy: UnlessStopped
`;
      cloud.set({
        'instance/attributes/kube-pods': undefined,
        'instance/attributes/gce-container-declaration': declared,
      });
      await agent.until("konlet's container", running('web-server'));
      assert.match(await problems(agent), /restartPolicy UnlessStopped is taken as Always/);
      cloud.set({
        'instance/attributes/kube-pods': zoned('two'),
        'instance/attributes/gce-container-declaration': undefined,
      });
      await agent.until('what goes before it', running('two'));

      await agent.kill9();
      await cloud.stop();
      await agent.start();
      const before = await agent.until('the Pod of before', running('two'));
      await waitFor(
        'the failures to be counted',
        async () => (await metric(agent, 'rower_metadata_errors_total{provider="gce",kind="unreachable"}')) >= 3,
      );
      assert.equal(await metric(agent, 'rower_metadata_up{provider="gce"}'), 0);
      assert.equal(await metric(agent, 'rower_metadata_documents{provider="gce",kind="Pod"}'), 1);
      assert.match((await agent.get('/readyz?verbose')).body, /\[\+\]metadata ok/);
      await waitFor('the event', async () => (await agent.get('/api/v1/events')).body.includes('MetadataUnavailable'));

      await agent.kill9();
      cloud.set({ 'instance/attributes/kube-pods': '#!/bin/sh\n' });
      await cloud.start();
      await agent.start();
      await waitFor('the refusal', async () => (await problems(agent)).includes('is a script'));
      assert.equal((await agent.until('the same Pod', running('two'))).containerID, before.containerID);

      await agent.kill9();
      cloud.set({ 'instance/id': '2', 'instance/attributes/kube-pods': undefined });
      await agent.start();
      await agent.until("the other instance's Pods to go", (pods) => pods.length === 0);
    });
  });
}

/** The rules that the agent has set in this namespace. */
function guard(): string {
  return spawnSync('nft', ['list', 'table', 'inet', 'rower-metadata'], { encoding: 'utf8' }).stdout;
}

async function problems(agent: Agent): Promise<string> {
  return (await agent.get('/rower/v1/problems')).body;
}

async function metric(agent: Agent, name: string): Promise<number> {
  const { body } = await agent.get('/metrics');
  const line = body.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length) ?? Number.NaN);
}
