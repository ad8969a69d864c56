import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { documentV2, type Schema } from '../../../src/http/openapi/documents.ts';
import { readFields } from '../../../src/http/protobuf.ts';
import { call, serve, type TestEndpoint } from '../endpoint.ts';

/** It is fetched by each first `kubectl explain` and `kubectl apply`. */
const MAX_BYTES = 128 * 1024;
const PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

let endpoint: TestEndpoint;
before(async () => {
  endpoint = await serve();
});
after(() => endpoint.close());

const fetchJson = async (path: string) => JSON.parse((await call(endpoint, path)).text);

test('the index leads to the document, under a hash of its content', async () => {
  const { paths } = await fetchJson('/openapi/v3');
  const url: string = paths['api/v1'].serverRelativeURL;
  assert.match(url, /^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{64}$/);
  const { status, body } = await call(endpoint, url);
  assert.equal(status, 200);
  assert.ok(body.length < MAX_BYTES, `${body.length} bytes`);
  assert.deepEqual((await fetchJson('/openapi/v3')).paths, paths);
});

test('version 3 tells the kind of each resource, and every reference leads somewhere', async () => {
  const { paths, components } = await fetchJson('/openapi/v3/api/v1');
  for (const path of ['/api/v1/namespaces/{namespace}/pods', '/api/v1/pods', '/api/v1/nodes', '/api/v1/namespaces']) {
    const { kind } = paths[path].get['x-kubernetes-group-version-kind'];
    assert.deepEqual(components.schemas[`io.k8s.api.core.v1.${kind}`]['x-kubernetes-group-version-kind'], [
      { group: '', version: 'v1', kind },
    ]);
  }
  const { patch } = paths['/api/v1/namespaces/{namespace}/pods/{name}'];
  assert.equal(patch.parameters[0].name, 'fieldValidation');
  checkReferences(components.schemas, '#/components/schemas/');
});

function checkReferences(schemas: Record<string, Schema>, prefix: string): void {
  const check = ({ $ref, allOf = [], items, additionalProperties, properties = {} }: Schema) => {
    if ($ref !== undefined) assert.ok($ref.startsWith(prefix) && $ref.slice(prefix.length) in schemas, $ref);
    const below = [...allOf, items, additionalProperties, ...Object.values(properties)];
    for (const one of below) if (one) check(one);
  };
  for (const schema of Object.values(schemas)) check(schema);
}

test('version 2 is JSON, or protobuf with the same content', async () => {
  const document = await fetchJson('/openapi/v2');
  assert.deepEqual(document, JSON.parse(JSON.stringify(documentV2())));
  checkReferences(document.definitions, '#/definitions/');
  const { headers, body } = await call(endpoint, '/openapi/v2', { headers: { Accept: PROTOBUF } });
  // Go takes no `@` in a media type.
  assert.equal(headers['content-type'], 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
  const fields = readFields(body);
  assert.equal(fields.get(1)?.toString(), '2.0');
  const last = readFields(readFields(fields.get(9) ?? Buffer.alloc(0)).get(1) ?? Buffer.alloc(0));
  const name = Object.keys(document.definitions).at(-1) ?? '';
  assert.equal(last.get(1)?.toString(), name);
  const schema = readFields(last.get(2) ?? Buffer.alloc(0));
  assert.equal(schema.get(4)?.toString(), document.definitions[name].description);
  const type = readFields(schema.get(22) ?? Buffer.alloc(0)).get(1);
  assert.equal(type?.toString(), document.definitions[name].type);
});
