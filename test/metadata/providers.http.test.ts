/** Every metadata service: answers in the form the cloud gives them, on a real server, and what is made of them. */
import assert from 'node:assert/strict';
import type http from 'node:http';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Fetched, Provider } from '../../src/metadata/provider.ts';
import { PROVIDERS } from '../../src/metadata/providers.ts';
import { Service } from '../../src/metadata/service.ts';
import type { Cloud } from './cloud.ts';
import { CLOUDS } from './clouds.ts';
import { testEnv } from './env.ts';
import { type MachineFiles, makeMachine } from './machine.ts';
import { type Answers, byPath, metadataServer } from './server.ts';

const POD = 'apiVersion: v1\nkind: Pod\n';

async function ask(t: TestContext, name: string, answers: Answers, files: MachineFiles = {}) {
  const provider = PROVIDERS.find((one) => one.name === name) as Provider;
  const server = await metadataServer(t, answers);
  const [env, { signal }] = [testEnv(), new AbortController()];
  const service = new Service([server.base], env, signal);
  const fetching = provider.fetch({ machine: await makeMachine(t, files), service, env, signal });
  return { fetching, asked: server.asked };
}

function payloads({ payloads: list }: Fetched) {
  return list.map(({ name, bytes, base64 }) => [name, Buffer.from(bytes).toString(), base64 ?? false]);
}

/** The cloud's rules about requests, then its answers. */
function strict(cloud: Cloud, table: Record<string, string | Uint8Array>): Answers {
  return (request) => {
    const found = cloud.guard?.(request) ?? byPath({ ...cloud.answers, ...table })(request);
    if (request.headers['metadata-flavor'] !== 'Google') return found;
    // Google's says who it is in every answer.
    const headers = { 'metadata-flavor': 'Google' };
    return found === undefined ? { status: 404, headers } : { body: found as string, headers };
  };
}

for (const [name, cloud] of Object.entries(CLOUDS)) {
  test(`${name}: user-data and attributes are read`, async (t) => {
    const given = cloud.base64 ? Buffer.from(POD).toString('base64') : POD;
    const { fetching } = await ask(t, name, strict(cloud, cloud.userData(given)), cloud.machine);
    const fetched = await fetching;
    assert.deepEqual(payloads(fetched), [[cloud.payload, given, cloud.base64 ?? false]]);
    assert.equal(fetched.instanceId, cloud.attributes.instance_id);
    assert.deepEqual(fetched.attributes, cloud.attributes);
  });

  test(`${name}: without user-data there is none, and empty is ${cloud.empty}`, async (t) => {
    const absent = await ask(t, name, strict(cloud, {}), cloud.machine);
    if (cloud.absent === 'not yet') await assert.rejects(absent.fetching, /status 404/);
    else assert.deepEqual((await absent.fetching).payloads, []);
    const empty = await ask(t, name, strict(cloud, cloud.userData('')), cloud.machine);
    assert.equal((await empty.fetching).payloads.length, cloud.empty === 'empty' ? 1 : 0);
  });

  for (const status of [429, 500, 503]) {
    test(`${name}: status ${status} is an error to try again after, not "none"`, async (t) => {
      const answers: Answers = () => ({ status, headers: { 'retry-after': '7', 'metadata-flavor': 'Google' } });
      const { fetching } = await ask(t, name, answers, cloud.machine);
      await assert.rejects(fetching, { name: 'MetadataError', final: false, retryAfterMs: 7000 });
    });
  }

  test(`${name}: an answer that ends early is an error`, async (t) => {
    const { fetching } = await ask(t, name, () => ({ body: 'half', cut: true }), cloud.machine);
    await assert.rejects(fetching, { name: 'MetadataError', final: false });
  });
}

test('every provider that asks a network has its answers here', () => {
  const asking = PROVIDERS.filter(({ bases }) => bases).map(({ name }) => name);
  assert.deepEqual(asking.sort(), Object.keys(CLOUDS).sort());
});

test('binary user-data comes through as it is', async (t) => {
  const zipped = gzipSync(POD);
  const { fetching } = await ask(t, 'exoscale', byPath({ '/1.0/user-data': zipped }));
  assert.deepEqual(Buffer.from((await fetching).payloads[0]?.bytes ?? []), zipped);
});

test('ec2: a token that expired is renewed once', async (t) => {
  let tokens = 0;
  const answers: Answers = (request) => {
    if (request.method === 'PUT') return `token-${++tokens}`;
    if (request.headers['x-aws-ec2-metadata-token'] !== 'token-2') return { status: 401 };
    return byPath({ '/latest/user-data': POD })(request);
  };
  const { fetching, asked } = await ask(t, 'ec2', answers);
  assert.equal((await fetching).payloads.length, 1);
  assert.equal(asked.filter((one) => one.startsWith('PUT')).length, 2);
});

test('ec2: a service that is switched off is a final error that says so', async (t) => {
  const { fetching } = await ask(t, 'ec2', ({ method }) => (method === 'PUT' ? { status: 403 } : undefined));
  await assert.rejects(fetching, { final: true, message: /switched off for this instance/ });
});

test('ec2: a service without tokens is asked without', async (t) => {
  const answers: Answers = (request) =>
    request.method === 'PUT' ? { status: 404 } : byPath({ '/latest/user-data': POD })(request);
  const { fetching } = await ask(t, 'ec2', answers);
  assert.equal((await fetching).payloads.length, 1);
});

test('ec2: instance tags are attributes, where they are shown', async (t) => {
  const answers = byPath({
    '/latest/api/token': 'T',
    '/latest/meta-data/tags/instance/': 'Name\nrole/x',
    '/latest/meta-data/tags/instance/Name': 'web-1',
    '/latest/meta-data/tags/instance/role%2Fx': 'web',
    '/latest/meta-data/ami-launch-index': '3',
  });
  const { attributes, launchIndex } = await (await ask(t, 'ec2', answers)).fetching;
  assert.deepEqual(attributes, { 'tags.Name': 'web-1', 'tags.role/x': 'web' });
  assert.equal(launchIndex, 3);
});

const google = (table: Record<string, string>): Answers => {
  const answers = byPath(table);
  return (request) => {
    const found = answers(request);
    const headers = { 'metadata-flavor': 'Google' };
    return found === undefined ? { status: 404, headers } : { body: found as string, headers };
  };
};

test('gce: kube-pods goes before user-data, the declaration and the project', async (t) => {
  const root = '/computeMetadata/v1/';
  const { fetching } = await ask(
    t,
    'gce',
    google({
      [`${root}project/attributes/kube-pods`]: 'p',
      [`${root}instance/attributes/gce-container-declaration`]: 'd',
      [`${root}instance/attributes/user-data`]: 'dQ==',
      [`${root}instance/attributes/user-data-encoding`]: 'base64\n',
      [`${root}instance/attributes/kube-pods`]: 'k',
    }),
  );
  assert.deepEqual(payloads(await fetching), [
    ['instance/attributes/kube-pods', 'k', false],
    ['instance/attributes/user-data', 'dQ==', true],
    ['instance/attributes/gce-container-declaration', 'd', false],
    ['project/attributes/kube-pods', 'p', false],
  ]);
});

test('gce: what does not say that it is Google is not believed', async (t) => {
  const { fetching } = await ask(t, 'gce', () => 'x');
  await assert.rejects(fetching, /not Google's metadata service/);
});

test('gce: a change is waited for with the last etag', async (t) => {
  const gce = PROVIDERS.find(({ name }) => name === 'gce') as Provider;
  const { base, asked } = await metadataServer(t, () => ({ body: '{}', headers: { etag: 'e2' } }));
  const [env, { signal }] = [testEnv(), new AbortController()];
  const context = { machine: await makeMachine(t), service: new Service([base], env, signal), env, signal };
  assert.equal(await gce.waitForChange?.(context, undefined), 'e2');
  assert.equal(await gce.waitForChange?.(context, 'e1'), 'e2');
  assert.deepEqual(
    asked.map((one) => new URL(one.slice(4), base).searchParams.get('last_etag')),
    ['NONE', 'e1'],
  );
});

test('azure: without userData the custom data that the Azure agent keeps is read', async (t) => {
  const cloud = CLOUDS.azure as Cloud;
  const machine = { files: { '/var/lib/waagent/CustomData': POD } };
  const { fetching } = await ask(t, 'azure', strict(cloud, cloud.userData('')), machine);
  assert.deepEqual(payloads(await fetching), [['customData', POD, false]]);
});

test('azure: an older service that refuses the newest version is asked for an older one', async (t) => {
  const { fetching } = await ask(t, 'azure', ({ url = '' }) => {
    if (url.includes('2021-08-01')) return { status: 400 };
    return url.startsWith('/metadata/instance?') ? '{"compute":{"vmId":"old"}}' : '';
  });
  assert.equal((await fetching).instanceId, 'old');
});

test('hetzner: a service that speaks of another machine is not believed', async (t) => {
  const { fetching } = await ask(t, 'hetzner', byPath({ '/hetzner/v1/metadata': 'instance-id: 1\n' }), {
    dmi: { product_serial: '2' },
  });
  await assert.rejects(fetching, /speaks of instance 1, but this machine is 2/);
});

test('hetzner: 204 is none', async (t) => {
  const { fetching } = await ask(t, 'hetzner', () => ({ status: 204 }));
  assert.deepEqual((await fetching).payloads, []);
});

test('scaleway: its user-data is asked for from a port below 1024, another one each time', async (t) => {
  const ports: number[] = [];
  const { fetching } = await ask(t, 'scaleway', (request: http.IncomingMessage) => {
    if (!request.url?.startsWith('/user_data/')) return '{}';
    ports.push(request.socket.remotePort ?? 0);
    return ports.length === 1 ? { status: 429 } : POD;
  });
  assert.deepEqual(
    (await fetching).payloads.map(({ name }) => name),
    ['user_data/rower', 'user_data/cloud-init'],
  );
  assert.equal(ports.length, 3);
  for (const port of ports) assert.ok(port > 0 && port < 1024, String(port));
});
