import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { startHttp } from '../../src/http/server.ts';
import { type Answer, AS_TABLE, type Call, call, serve, type TestEndpoint, testEnv } from './endpoint.ts';
import { podView, published, SECRET } from './fixture.ts';

let endpoint: TestEndpoint;
before(async () => {
  endpoint = await serve();
});
after(() => endpoint.close());

const get = (path: string, options?: Call) => call(endpoint, path, options);
const status = (answer: Answer) => {
  const { kind, code, reason, message } = JSON.parse(answer.text);
  assert.equal(kind, 'Status');
  assert.equal(code, answer.status);
  return { code, reason, message };
};

test('unknown paths are Status errors inside the API and plain text elsewhere', async () => {
  for (const path of [
    '/api/v2',
    '/apis/apps/v1',
    '/api/v1/secrets',
    '/api/v1/namespaces/default/nodes',
    '/api/v1/pods/web-node-1',
    '/api/v1//pods',
    '/api/v1/namespaces/default/pods/a%2fb',
    '/api/v1/pods/..',
  ]) {
    assert.equal(status(await get(path)).message, 'the server could not find the requested resource', path);
  }
  for (const path of ['/nope', '/configz', '/spec', '/stats/summary']) {
    const answer = await get(path);
    assert.deepEqual([answer.status, answer.text], [404, '404 page not found\n'], path);
  }
});

test('an object that is not there is told by kind and name', async () => {
  const cases: [string, string][] = [
    ['/api/v1/namespaces/default/pods/nope', 'pods "nope" not found'],
    ['/api/v1/namespaces/kube-system/pods/web-node-1', 'pods "web-node-1" not found'],
    ['/api/v1/nodes/other', 'nodes "other" not found'],
    ['/api/v1/namespaces/default/pods/__proto__', 'pods "__proto__" not found'],
    ['/api/v1/namespaces/default/services/x', 'services "x" not found'],
  ];
  for (const [path, message] of cases)
    assert.deepEqual(status(await get(path)), { code: 404, reason: 'NotFound', message });
});

test('bad parameters are bad requests', async () => {
  const pods = '/api/v1/pods';
  for (const query of [
    'limit=abc',
    'limit=1.5',
    'continue=%00',
    'continue=e30',
    'labelSelector=a%3D%3D%3D',
    'fieldSelector=spec.x%3D1',
    'resourceVersion=x',
    'watch=1&timeoutSeconds=x',
  ]) {
    assert.equal(status(await get(`${pods}?${query}`)).reason, 'BadRequest', query);
  }
  assert.equal(status(await get(`${pods}?includeObject=Some`, { headers: AS_TABLE })).reason, 'BadRequest');
  assert.equal(status(await get('/api/%zz')).reason, 'BadRequest');
  assert.equal(status(await get(pods, { headers: { Accept: 'text/html' } })).reason, 'NotAcceptable');
});

test('every write is refused with the place to change instead', async () => {
  const cases: [string, string, RegExp][] = [
    ['DELETE', '/api/v1/namespaces/default/pods/web-node-1', /read-only: change the manifest \/etc\/pods\/web\.yaml$/],
    ['PATCH', '/api/v1/namespaces/default/pods/web-node-1/status', /change the manifest \/etc\/pods\/web\.yaml$/],
    ['POST', '/api/v1/namespaces/default/pods', /change the manifest in \/etc\/pods$/],
    ['POST', '/api/v1/namespaces/default/pods/web-node-1/exec?command=ls', /exec is not served/],
    ['PUT', '/anything', /change the manifest in \/etc\/pods$/],
    ['OPTIONS', '/api/v1/pods', /read-only/],
  ];
  for (const [method, path, message] of cases) {
    const answer = await get(path, { method, body: method === 'POST' ? 'k8s\0x' : '' });
    const { code, reason, message: told } = status(answer);
    assert.deepEqual([code, reason, answer.headers.allow], [405, 'MethodNotAllowed', 'GET, HEAD'], path);
    assert.match(told, message);
  }
});

test('upgrades to exec and attach, and the debugging paths of the kubelet, are refused as Status', async () => {
  const upgrade = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  };
  for (const path of [
    '/api/v1/namespaces/default/pods/web-node-1/exec',
    '/api/v1/namespaces/default/pods/web-node-1/attach',
    '/api/v1/namespaces/default/pods/web-node-1/portforward',
    '/exec/default/web-node-1/main',
  ]) {
    for (const method of ['GET', 'POST'])
      assert.equal(status(await get(path, { method, headers: upgrade })).code, 405, path);
  }
  for (const path of [
    '/containerLogs/default/web-node-1/main',
    '/logs/',
    '/runningpods/',
    '/run/x',
    '/debug/pprof',
    '/api/v1/namespaces/default/pods/web-node-1/log',
  ]) {
    assert.equal(status(await get(path)).code, 405, path);
  }
});

test('HEAD answers like GET without the body', async () => {
  const [whole, head] = await Promise.all([get('/api/v1/pods'), get('/api/v1/pods', { method: 'HEAD' })]);
  assert.deepEqual(
    [head.status, head.text, head.headers['content-length']],
    [200, '', whole.headers['content-length']],
  );
  assert.equal((await get('/api/v1/pods?watch=1', { method: 'HEAD' })).status, 200);
});

test('foreign hosts and pages of other origins are refused', async () => {
  assert.equal(status(await get('/pods', { headers: { Host: 'evil.example' } })).reason, 'Forbidden');
  assert.equal(status(await get('/pods', { headers: { Origin: 'http://evil.example' } })).reason, 'Forbidden');
  assert.equal((await get('/pods', { headers: { Host: 'localhost:1' } })).status, 200);
  const own = `127.0.0.1:${endpoint.port}`;
  const answer = await get('/pods', { headers: { Host: own, Origin: `http://${own}` } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['access-control-allow-origin'], undefined);
});

test('lists come in pages, in the order of namespace and name', async () => {
  const names: string[] = [];
  const left: (number | undefined)[] = [];
  let token = '';
  do {
    const { metadata, items } = JSON.parse((await get(`/api/v1/pods?limit=3&continue=${token}`)).text);
    names.push(...items.map((item: { metadata: { name: string } }) => item.metadata.name));
    left.push(metadata.remainingItemCount);
    token = metadata.continue ?? '';
  } while (token);
  assert.deepEqual(names, ['boot-node-1', 'job-node-1', 'web-node-1', 'crash-node-1']);
  assert.deepEqual(left, [1, undefined]);
  for (const limit of [0, -1, 4, 500]) {
    const { metadata, items } = JSON.parse((await get(`/api/v1/pods?limit=${limit}`)).text);
    assert.deepEqual([items.length, metadata.continue], [4, undefined]);
  }
  const { metadata } = JSON.parse((await get('/api/v1/pods?limit=1&labelSelector=tier')).text);
  assert.ok(metadata.continue);
  assert.equal(metadata.remainingItemCount, undefined);
});

test('selectors pick what they name', async () => {
  const names = async (query: string) =>
    JSON.parse((await get(`/api/v1/pods?${query}`)).text).items.map(
      (item: { metadata: { name: string } }) => item.metadata.name,
    );
  assert.deepEqual(await names('labelSelector=tier in (front,back)'.replaceAll(' ', '%20')), [
    'job-node-1',
    'web-node-1',
  ]);
  assert.deepEqual(await names('fieldSelector=status.phase%3DRunning'), ['web-node-1', 'crash-node-1']);
  assert.deepEqual(
    await names('fieldSelector=spec.nodeName%3Dnode-1,status.phase!%3DSucceeded,status.phase!%3DRunning'),
    ['boot-node-1'],
  );
  assert.deepEqual(await names('fieldSelector=metadata.namespace%3Dkube-system'), ['crash-node-1']);
  assert.deepEqual(await names('fieldSelector=spec.hostNetwork%3Dtrue'), []);
  assert.equal((await names('fieldSelector=spec.hostNetwork%3Dfalse')).length, 4);
  assert.deepEqual(JSON.parse((await get('/api/v1/namespaces/nope/pods')).text).items, []);
});

test('nothing that anyone can read holds a secret', async () => {
  const paths = [
    '/pods',
    '/api/v1/pods',
    '/api/v1/pods?includeObject=Object',
    '/api/v1/namespaces/default/pods/web-node-1',
    '/api/v1/events',
    '/api/v1/nodes',
    '/rower/v1/problems',
    '/healthz?verbose',
    '/readyz?verbose',
  ];
  for (const path of paths) {
    for (const headers of [{}, AS_TABLE]) {
      const answer = await get(path, { headers });
      assert.equal(answer.status, 200, path);
      assert.ok(!answer.text.includes(SECRET), path);
    }
  }
});

test('health tells what is wrong', async () => {
  const sick = await serve(
    published([], { runtime: { ready: false, name: '', version: '', networkReady: false, message: 'no socket' } }),
    {
      healthz: () => ['the loop has stood still for 90 s'],
    },
  );
  try {
    assert.deepEqual([(await get('/healthz')).text, (await get('/readyz')).text], ['ok', 'ok']);
    assert.equal((await get('/healthz?verbose')).text, '[+]ping ok\n[+]log ok\n[+]syncloop ok\nhealthz check passed\n');
    const cases: [string, number, RegExp][] = [
      [
        '/healthz',
        500,
        /^\[\+\]ping ok\n\[\+\]log ok\n\[-\]syncloop failed: the loop has stood still for 90 s\nhealthz check failed\n$/,
      ],
      ['/livez', 500, /livez check failed/],
      ['/readyz', 500, /\[-\]runtime failed: no socket\n\[-\]network failed: no socket\n\[\+\]sources ok/],
      ['/healthz?exclude=syncloop', 200, /^ok$/],
      ['/healthz/ping', 200, /^ok$/],
      ['/healthz/log', 200, /^ok$/],
      ['/healthz/syncloop', 500, /stood still/],
    ];
    for (const [path, code, text] of cases) {
      const answer = await call(sick, path);
      assert.equal(answer.status, code, path);
      assert.match(answer.text, text);
    }
  } finally {
    await sick.close();
  }
});

test('a handler that fails answers 500, is logged, and harms nothing else', async () => {
  const broken = await serve(published(), { metrics: () => Promise.reject(new Error('no metrics today')) });
  try {
    const answer = await call(broken, '/metrics');
    assert.deepEqual(status(answer), {
      code: 500,
      reason: 'InternalError',
      message: 'the agent failed to answer: its log tells why',
    });
    assert.ok(
      broken.env.lines.some(
        ({ level, fields }) => level === 'error' && String(fields.error).includes('no metrics today'),
      ),
    );
    assert.equal((await call(broken, '/healthz')).status, 200);
  } finally {
    await broken.close();
  }
});

test('a large answer is compressed for those who can read that', async () => {
  const many = await serve(published(Array.from({ length: 300 }, (_, index) => podView(`p${index}`))));
  try {
    const plain = await call(many, '/api/v1/pods');
    const packed = await call(many, '/api/v1/pods', { headers: { 'Accept-Encoding': 'br, gzip;q=0.5' } });
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.ok(packed.body.length < plain.body.length / 4);
    assert.equal(gunzipSync(packed.body).toString(), plain.text);
    for (const encoding of ['identity', 'gzip;q=0', 'xgzip']) {
      const answer = await call(many, '/api/v1/pods', { headers: { 'Accept-Encoding': encoding } });
      assert.equal(answer.headers['content-encoding'], undefined, encoding);
    }
  } finally {
    await many.close();
  }
});

test('each answer is told to whoever counts, by route and not by path', async () => {
  const own = await serve();
  try {
    await call(own, '/api/v1/namespaces/default/pods/nope');
    await call(own, '/nope');
    // It is told when the connection is done with, a little after the client has its answer.
    while (own.observed.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const common = { method: 'GET', status: 404, isStream: false, serverType: 'readonly' };
    assert.deepEqual(own.observed, [
      { pattern: '/api/v1/namespaces/:namespace/:resource/:name', ...common },
      { pattern: 'other', ...common },
    ]);
  } finally {
    await own.close();
  }
});

test('a port that is taken is an error that names the flag', async () => {
  const { env, events } = endpoint;
  const options = {
    address: '127.0.0.1',
    published,
    subscribe: () => () => undefined,
    events,
    metrics: async () => '',
    healthz: () => [],
    manifests: '/etc/pods',
    env,
  };
  await assert.rejects(startHttp({ ...options, port: endpoint.port }), {
    name: 'ListenError',
    message: `cannot serve on 127.0.0.1:${endpoint.port}: the port is in use: choose another with --read-only-port, or 0 for none`,
  });
  await assert.rejects(
    startHttp({ ...options, address: '192.0.2.99', port: 0, insecure: true }),
    /check --read-only-address/,
  );
});

test('one more address is served, and left out where the machine does not have it', async () => {
  const { events } = endpoint;
  const env = testEnv();
  const options = {
    address: '127.0.0.1',
    port: 0,
    published,
    subscribe: () => () => undefined,
    events,
    metrics: async () => '',
    healthz: () => [],
    manifests: '',
    env,
  };
  const two = await startHttp({ ...options, alsoOn: '127.0.0.2' });
  for (const host of ['127.0.0.1', '127.0.0.2']) {
    assert.equal((await fetch(`http://${host}:${two.port}/healthz`)).status, 200, host);
  }
  await two.close();
  await assert.rejects(fetch(`http://127.0.0.2:${two.port}/healthz`));
  const one = await startHttp({ ...options, alsoOn: '192.0.2.99' });
  assert.equal((await call(one, '/healthz')).status, 200);
  await one.close();
  assert.ok(env.lines.some(({ level, message }) => level === 'info' && message.includes('one address only')));
});

test('listening beyond loopback without login has to be meant, and is warned about', async () => {
  const { env, events } = endpoint;
  const options = {
    address: '0.0.0.0',
    port: 0,
    published,
    subscribe: () => () => undefined,
    events,
    metrics: async () => '',
    healthz: () => [],
    manifests: '',
    env,
  };
  await assert.rejects(startHttp(options), /^ListenError: refusing to serve without login on 0\.0\.0\.0/);
  await (await startHttp({ ...options, insecure: true })).close();
  assert.ok(env.lines.some(({ level, message }) => level === 'warn' && message.includes('needs no login')));
});
