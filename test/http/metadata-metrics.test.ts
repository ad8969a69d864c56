/** What the endpoint tells of the machine's metadata: readiness, problems, explain, the page, metrics. No secrets in any. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explanationText } from '../../src/cli/explain-print.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import type { MetadataView } from '../../src/kubelet/metadata-view.ts';
import type { Node } from '../../src/kubelet/node.ts';
import { cloudFacts } from '../../src/metadata/node-attributes.ts';
import { call, serve, testEnv } from './endpoint.ts';
import { NODE_FACTS, NOW_MS, published, SECRET } from './fixture.ts';

const FAILING: MetadataView = {
  state: 'failing',
  known: false,
  provider: 'hetzner',
  reason: 'sys_vendor is "Hetzner"',
  files: 0,
  pods: 0,
  documents: 0,
  asked: 3,
  errors: { unreachable: 3 },
  error: { kind: 'unreachable', message: `http://u:${SECRET}@h/x?key=${SECRET}: no answer`, atMs: NOW_MS - 1000 },
  nextTryAtMs: NOW_MS + 5000,
  problems: [],
};
const { error: _, nextTryAtMs: __, ...REST } = FAILING;
const TAKEN: MetadataView = {
  ...REST,
  state: 'current',
  known: true,
  instanceId: '123',
  outcome: 'files',
  payload: 'userdata',
  userDataSha256: '0123456789ab',
  files: 1,
  pods: 2,
  documents: 1,
  lastSuccessAtMs: NOW_MS - 30_000,
  changedAtMs: NOW_MS - 3_600_000,
  problems: [
    { severity: 'warning', place: 'user-data (provider hetzner)', field: 'spec.x', message: 'unknown field', line: 3 },
  ],
};
const node = {
  ...NODE_FACTS,
  cloud: {
    labels: {},
    annotations: {},
    externalIps: [],
    pods: { labels: {}, annotations: { 'rower.dev/zone': 'z1' } },
  },
};
const withMetadata = (metadata: MetadataView) => ({ ...published(), metadata, node });

async function answers(metadata: MetadataView) {
  const endpoint = await serve(withMetadata(metadata));
  const get = async (path: string, accept = '*/*') => (await call(endpoint, path, { headers: { accept } })).text;
  const found = {
    ready: await get('/readyz?verbose'),
    health: await get('/healthz?verbose'),
    problems: JSON.parse(await get('/rower/v1/problems')).problems,
    explain: JSON.parse(await get('/rower/v1/explain')),
    page: await get('/', 'text/html'),
  };
  await endpoint.close();
  assert.ok(!JSON.stringify(found).includes(SECRET));
  return found;
}

test('as long as it is not known what the machine is to run it is not ready, but healthy', async () => {
  const { ready, health, problems, explain, page } = await answers(FAILING);
  assert.match(
    ready,
    /^\[-\]metadata failed: hetzner has not given what this machine is to run: http:\/\/h\/x: no answer$/m,
  );
  assert.doesNotMatch(health, /metadata/);
  assert.deepEqual(problems[0], {
    source: { kind: 'metadata', location: 'provider hetzner' },
    severity: 'error',
    field: '',
    message: 'http://h/x: no answer',
  });
  assert.match(page, /http:\/\/h\/x: no answer/);
  const text = explanationText(explain);
  assert.match(text, /^error: provider hetzner: http:\/\/h\/x: no answer$/m);
  assert.match(text, /^metadata: hetzner, sys_vendor is "Hetzner"$/m);
  assert.match(text, /^ {2}failing {4}unreachable, next try at 12:00:05Z$/m);
});

test('what was given, and what is wrong with it, is told', async () => {
  const { ready, problems, explain } = await answers(TAKEN);
  assert.match(ready, /^\[\+\]metadata ok$/m);
  assert.deepEqual(
    [problems[0].source.location, problems[0].field, problems[0].line],
    ['user-data (provider hetzner)', 'spec.x', 3],
  );
  const text = explanationText(explain);
  assert.match(text, /^warning: user-data \(provider hetzner\):3: spec\.x: unknown field$/m);
  assert.match(
    text,
    /^metadata: hetzner, sys_vendor is "Hetzner", instance 123\n {2}user-data {2}files \(userdata\), sha256 0123456789ab…, unchanged for 1h\n {2}in use {5}2 Pods, 1 other document\n {2}taken {6}30s ago\n {2}rower\.dev\/zone = z1$/m,
  );
});

test('a service that was known before a restart, or none that fits, keeps nobody from being ready', async () => {
  assert.match((await answers({ ...FAILING, known: true })).ready, /^\[\+\]metadata ok$/m);
  const { ready, explain } = await answers({ ...TAKEN, provider: undefined as never, problems: [] });
  assert.match(ready, /^\[\+\]metadata ok$/m);
  assert.doesNotMatch(explanationText(explain), /metadata/);
});

test('metrics', async () => {
  const metrics = createMetrics(testEnv());
  const text = await metrics.text(withMetadata({ ...TAKEN, errors: { refused: 2 } }));
  for (const line of [
    'rower_metadata_up{provider="hetzner"} 1',
    'rower_metadata_requests_total{provider="hetzner"} 3',
    'rower_metadata_errors_total{provider="hetzner",kind="refused"} 2',
    'rower_metadata_errors_total{provider="hetzner",kind="unreachable"} 0',
    `rower_metadata_last_success_timestamp_seconds{provider="hetzner"} ${(NOW_MS - 30_000) / 1000}`,
    `rower_metadata_user_data_changed_timestamp_seconds{provider="hetzner"} ${(NOW_MS - 3_600_000) / 1000}`,
    'rower_metadata_info{provider="hetzner",instance_id="123",outcome="files",sha256="0123456789ab"} 1',
    'rower_metadata_manifests{provider="hetzner"} 1',
    'rower_metadata_documents{provider="hetzner",kind="Pod"} 2',
    'rower_metadata_documents{provider="hetzner",kind="other"} 1',
    'rower_metadata_problems{provider="hetzner",severity="warning"} 1',
  ])
    assert.ok(text.split('\n').includes(line), line);
  assert.doesNotMatch(await metrics.text(published()), /^rower_metadata_\w+[{ ]/m);
});

test('the Node shows what the cloud says as soon as it is known, and what changes in it', async () => {
  const later: Node = { ...NODE_FACTS };
  const endpoint = await serve({ ...published(), node: later });
  const labels = async () =>
    JSON.parse((await call(endpoint, `/api/v1/nodes/${NODE_FACTS.name}`)).text).metadata.labels;
  assert.equal((await labels())['tag.rower.dev/role'], undefined);
  for (const role of ['web', 'db']) {
    later.cloud = cloudFacts('ec2', { 'tags.role': role });
    assert.equal((await labels())['tag.rower.dev/role'], role);
  }
  await endpoint.close();
});
