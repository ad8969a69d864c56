import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type Answer, call, serve, type TestEndpoint } from './endpoint.ts';
import { type FullEndpoint, serveFull } from './full.ts';
import { sampleUsage } from './usage.ts';

const ACCESS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const RULES = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
const SELF = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

let plain: TestEndpoint;
let full: FullEndpoint;
before(async () => {
  [plain, full] = await Promise.all([serve(undefined, { stats: { read: async () => sampleUsage() } }), serveFull()]);
});
after(() => Promise.all([plain.close(), full.close()]));

const post = (path: string, body: string | Buffer, type = 'application/json') =>
  call(plain, path, { method: 'POST', headers: { 'Content-Type': type }, body });
const parsed = ({ status, text }: Answer) => {
  assert.equal(status, 201, text);
  return JSON.parse(text);
};
const access = (attributes: object) => JSON.stringify({ kind: 'SelfSubjectAccessReview', spec: attributes });

/** A field of bytes; shorter than 128. */
const field = (number: number, value: string | Buffer) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(number * 8 + 2, bytes.length), bytes]);
};
const envelope = (spec: Buffer) =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    field(1, field(1, 'x')),
    field(2, Buffer.concat([field(1, ''), field(2, spec)])),
  ]);

const CASES: [Record<string, string>, onPlain: boolean, onFull: boolean][] = [
  [{ verb: 'get', resource: 'pods' }, true, true],
  [{ verb: 'list', resource: 'pods', namespace: 'default', group: '', version: 'v1' }, true, true],
  [{ verb: 'watch', resource: 'events' }, true, true],
  [{ verb: 'get', resource: 'pods', subresource: 'log' }, false, true],
  [{ verb: 'get', resource: 'pods', subresource: 'status' }, true, true],
  [{ verb: 'create', resource: 'pods', subresource: 'exec' }, false, false],
  [{ verb: 'delete', resource: 'pods' }, false, false],
  [{ verb: '*', resource: '*' }, false, false],
  [{ verb: 'get', resource: 'secrets' }, false, false],
  [{ verb: 'list', resource: 'deployments', group: 'apps' }, false, false],
  [{ verb: 'list', resource: 'pods', group: 'metrics.k8s.io' }, true, false],
  [{ verb: 'create', resource: 'selfsubjectaccessreviews', group: 'authorization.k8s.io' }, true, true],
];

test('may I: the same answer in JSON and in protobuf, and logs only where they are served', async () => {
  const names = ['namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name'];
  for (const [resourceAttributes, onPlain, onFull] of CASES) {
    const body = access({ resourceAttributes });
    const review = parsed(await post(ACCESS, body));
    assert.equal(review.kind, 'SelfSubjectAccessReview');
    assert.equal(review.apiVersion, 'authorization.k8s.io/v1');
    assert.deepEqual(review.spec, { resourceAttributes });
    assert.equal(review.status.allowed, onPlain, JSON.stringify(resourceAttributes));
    assert.equal(parsed(await full.get(ACCESS, { method: 'POST', body })).status.allowed, onFull);

    const fields = names.flatMap((name, index) => {
      const value = resourceAttributes[name];
      return value === undefined ? [] : [field(index + 1, value)];
    });
    const binary = parsed(await post(ACCESS, envelope(field(1, Buffer.concat(fields))), PROTOBUF));
    assert.deepEqual([binary.spec, binary.status], [review.spec, review.status]);
  }
});

test('paths may be asked for when a GET of them means something', async () => {
  const cases: [string, string, boolean][] = [
    ['get', '/healthz', true],
    ['get', '/metrics', true],
    ['get', '/api/v1/pods', true],
    ['get', '/nope', false],
    ['get', '/logs/syslog', false],
    ['post', '/healthz', false],
  ];
  for (const [verb, path, allowed] of cases) {
    const review = parsed(await post(ACCESS, access({ nonResourceAttributes: { verb, path } })));
    assert.equal(review.status.allowed, allowed, path);
    const spec = field(2, Buffer.concat([field(1, path), field(2, verb)]));
    assert.equal(parsed(await post(ACCESS, envelope(spec), PROTOBUF)).status.allowed, allowed, path);
  }
});

test('all that one may do is told, and who one is', async () => {
  const { status } = parsed(await post(RULES, JSON.stringify({ spec: { namespace: 'default' } })));
  assert.equal(status.incomplete, false);
  assert.deepEqual(status.resourceRules[0].verbs, ['get', 'list', 'watch']);
  assert.ok(status.nonResourceRules[0].nonResourceURLs.includes('/metrics'));
  const binary = parsed(await post(RULES, envelope(field(1, 'default')), PROTOBUF));
  assert.deepEqual([binary.spec, binary.status], [{ namespace: 'default' }, status]);

  const anonymous = parsed(await post(SELF, '{}'));
  assert.deepEqual(anonymous.status.userInfo, { username: 'system:anonymous', groups: ['system:unauthenticated'] });
  const known = parsed(await full.get(SELF.replace('v1', 'v1beta1'), { method: 'POST', body: '{}' }));
  assert.deepEqual(known.status.userInfo, { username: 'rower:bearer', groups: ['system:authenticated'] });
});

test('bodies of other kinds, broken ones and large ones are refused', async () => {
  const cases: [string | Buffer, string, number][] = [
    ['kind: SelfSubjectAccessReview', 'application/yaml', 415],
    ['{', 'application/json', 400],
    ['x', PROTOBUF, 400],
    [Buffer.from('k8s\0\x12\x7fx'), PROTOBUF, 400],
    [' '.repeat(17 * 1024), 'application/json', 413],
  ];
  for (const [body, type, code] of cases) {
    const answer = await post(ACCESS, body, type);
    assert.deepEqual([answer.status, JSON.parse(answer.text).code], [code, code], type);
  }
  assert.equal((await call(plain, ACCESS)).status, 404, 'there is nothing to GET');
  const other = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  assert.equal((await post(other, '{}')).status, 405, 'what others may do is not told');
});

test('any bytes are answered', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isEnveloped) => {
      const raw = Buffer.from(bytes);
      const body = isEnveloped ? Buffer.concat([Buffer.from('k8s\0'), raw]) : raw;
      const { status } = await post(ACCESS, body, isEnveloped ? PROTOBUF : 'application/json');
      return status === 201 || status === 400;
    }),
    { numRuns: 200 },
  );
});
