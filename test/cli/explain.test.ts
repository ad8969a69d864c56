import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { serve, type TestEndpoint } from '../http/endpoint.ts';
import { published, SECRET } from '../http/fixture.ts';
import { rower } from './rower.ts';

describe('rower explain', () => {
  let endpoint: TestEndpoint;
  before(async () => {
    endpoint = await serve();
  });
  after(() => endpoint.close());
  const explain = (...args: string[]) => rower('explain', ...args, '--server', endpoint.url);

  it('shows every Pod, and no secret', async () => {
    const { status, stdout } = await explain();
    assert.equal(status, 0);
    for (const { pod } of published().pods)
      assert.ok(stdout.includes(`${pod.metadata.namespace}/${pod.metadata.name}  `));
    assert.ok(!stdout.includes(SECRET));
  });

  it('shows one Pod, as text or as it came', async () => {
    const [{ pod } = assert.fail('a Pod')] = published().pods;
    const { name, namespace } = pod.metadata;
    const text = await explain(name, '-n', namespace);
    assert.ok(text.stdout.startsWith(`${namespace}/${name}  `) || text.stdout.includes(`\n${namespace}/${name}  `));
    const json = JSON.parse((await explain(name, '-n', namespace, '-o', 'json')).stdout);
    assert.deepEqual(
      json.pods.map((one: { name: string }) => one.name),
      [name],
    );
    assert.ok(!JSON.stringify(json).includes(SECRET));
  });

  it('says when there is no such Pod, or no agent', async () => {
    const nobody = await explain('nobody');
    assert.deepEqual([nobody.status, nobody.stdout], [1, '']);
    assert.match(nobody.stderr, /there is no Pod nobody in namespace default/);
    const away = await rower('explain', '-s', 'http://127.0.0.1:1');
    assert.equal(away.status, 1);
    assert.match(away.stderr, /no answer from http:\/\/127\.0\.0\.1:1: connection refused/);
  });

  it('refuses what it cannot do, and explains itself', async () => {
    assert.equal((await explain('a', 'b')).status, 2);
    assert.equal((await explain('-o', 'yaml')).status, 2);
    assert.match((await explain('--help')).stdout, /^Usage: rower explain \[POD\] \[FLAGS\]$/m);
  });
});

describe('the endpoint behind it', () => {
  it('answers for one Pod by its name, and 404 for none', async () => {
    const endpoint = await serve();
    const [{ pod } = assert.fail('a Pod')] = published().pods;
    const get = async (path: string) => fetch(`${endpoint.url}/rower/v1/explain${path}`);
    const { pods } = (await (await get(`/${pod.metadata.namespace}/${pod.metadata.name}`)).json()) as {
      pods: unknown[];
    };
    assert.equal(pods.length, 1);
    const none = await get('/default/nobody');
    assert.deepEqual(
      [none.status, ((await none.json()) as { message: string }).message],
      [404, 'pods "nobody" not found'],
    );
    await endpoint.close();
  });
});
