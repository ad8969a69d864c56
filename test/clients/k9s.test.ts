/**
 * What k9s asks, call by call, as its source has it (client-go 0.35, internal/client): k9s itself is in no package of
 * Debian. Without an answer to a review it shows nothing.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { call, serve, type TestEndpoint } from '../http/endpoint.ts';
import { sampleUsage } from '../http/usage.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';
const TABLE =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

async function served(t: TestContext): Promise<TestEndpoint> {
  const endpoint = await serve(undefined, { stats: { read: async () => sampleUsage() } });
  t.after(() => endpoint.close());
  return endpoint;
}

/** Texts by field number, each shorter than 128 bytes. */
function message(fields: readonly (readonly [number, string | Buffer])[]): Buffer {
  const parts = fields.map(([number, value]) => {
    const bytes = Buffer.from(value);
    assert.ok(bytes.length < 128);
    return Buffer.concat([Buffer.of(number * 8 + 2, bytes.length), bytes]);
  });
  return Buffer.concat(parts);
}

/** A SelfSubjectAccessReview as client-go encodes it. */
function review(verb: string, group: string, resource: string): Buffer {
  const attributes = message([
    [1, 'default'],
    [2, verb],
    [3, group],
    [4, 'v1'],
    [5, resource],
  ]);
  const typeMeta = message([
    [1, 'authorization.k8s.io/v1'],
    [2, 'SelfSubjectAccessReview'],
  ]);
  const raw = message([
    [1, ''],
    [2, message([[1, attributes]])],
  ]);
  return Buffer.concat([
    Buffer.from('k8s\0'),
    message([
      [1, typeMeta],
      [2, raw],
    ]),
  ]);
}

test('it finds the server and its kinds', async (t) => {
  const endpoint = await served(t);
  assert.match(JSON.parse((await call(endpoint, '/version')).text).gitVersion, /^v1\.\d+\.\d+/);
  for (const path of ['/api', '/apis']) {
    const { status, headers, text } = await call(endpoint, path, { headers: { Accept: AGGREGATED } });
    assert.equal(status, 200);
    assert.match(String(headers['content-type']), /as=APIGroupDiscoveryList/);
    assert.equal(JSON.parse(text).kind, 'APIGroupDiscoveryList');
  }
});

test('each view asks first whether it may, and then for its rows', async (t) => {
  const endpoint = await served(t);
  const { text } = await call(endpoint, '/api', { headers: { Accept: AGGREGATED } });
  const kinds: { resource: string; verbs: string[] }[] = JSON.parse(text).items[0].versions[0].resources;
  assert.ok(kinds.length >= 5);
  for (const { resource, verbs } of kinds) {
    for (const verb of [...verbs, 'delete']) {
      const answer = await call(endpoint, '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        method: 'POST',
        headers: { Accept: `${PROTOBUF},application/json`, 'Content-Type': PROTOBUF },
        body: review(verb, '', resource),
      });
      assert.equal(answer.status, 201, answer.text);
      assert.equal(JSON.parse(answer.text).status.allowed, verb !== 'delete', `${verb} ${resource}`);
    }
    const table = await call(endpoint, `/api/v1/${resource}?includeObject=Object&limit=500`, {
      headers: { Accept: TABLE },
    });
    const { kind, columnDefinitions, rows } = JSON.parse(table.text);
    assert.equal(kind, 'Table', resource);
    assert.ok(columnDefinitions.length > 1, resource);
    for (const row of rows) assert.ok(row.object.kind && row.object.metadata.name, resource);
    const list = JSON.parse((await call(endpoint, `/api/v1/${resource}?limit=500&resourceVersion=0`)).text);
    assert.match(list.metadata.resourceVersion, /^\d+$/, resource);
  }
});

test('it reads what Pods and the node use', async (t) => {
  const endpoint = await served(t);
  for (const kind of ['pods', 'nodes']) {
    const headers = { Accept: `${PROTOBUF}, */*` };
    const { status, text } = await call(endpoint, `/apis/metrics.k8s.io/v1beta1/${kind}`, { headers });
    assert.equal(status, 200);
    assert.ok(JSON.parse(text).items.length > 0, kind);
  }
});
