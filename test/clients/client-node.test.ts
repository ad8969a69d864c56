/** The endpoint as the official JavaScript client sees it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApiException, CoreV1Api, KubeConfig, makeInformer, VersionApi } from '@kubernetes/client-node';
import { serve, type TestEndpoint } from '../http/endpoint.ts';
import { podView, published } from '../http/fixture.ts';

let endpoint: TestEndpoint;
let config: KubeConfig;
before(async () => {
  endpoint = await serve();
  config = configOf(endpoint);
});
after(() => endpoint.close());

/** The client refuses plain HTTP unless it is told that this is meant. */
function configOf({ url }: TestEndpoint): KubeConfig {
  const made = new KubeConfig();
  made.loadFromOptions({
    clusters: [{ name: 'rower', server: url, skipTLSVerify: true }],
    users: [{ name: 'nobody' }],
    contexts: [{ name: 'rower', cluster: 'rower', user: 'nobody' }],
    currentContext: 'rower',
  });
  return made;
}

test('Pods are listed, selected and paged', async () => {
  const core = config.makeApiClient(CoreV1Api);
  const all = await core.listPodForAllNamespaces();
  assert.deepEqual(
    all.items.map(({ metadata }) => metadata?.name),
    ['boot-node-1', 'job-node-1', 'web-node-1', 'crash-node-1'],
  );
  assert.equal(all.items[2]?.metadata?.creationTimestamp?.toISOString(), '2026-11-20T10:30:00.000Z');
  const some = await core.listNamespacedPod({ namespace: 'default', labelSelector: 'tier=front' });
  assert.deepEqual(
    some.items.map(({ status }) => status?.podIP),
    ['10.88.0.5'],
  );
  const page = await core.listPodForAllNamespaces({ limit: 3 });
  const rest = await core.listPodForAllNamespaces({ limit: 3, _continue: page.metadata?._continue ?? '' });
  assert.deepEqual([page.items.length, rest.items.length], [3, 1]);
});

test('single objects, nodes, events and the version are read', async () => {
  const core = config.makeApiClient(CoreV1Api);
  const pod = await core.readNamespacedPod({ namespace: 'default', name: 'web-node-1' });
  assert.equal(pod.spec?.containers[0]?.env?.[0]?.value, '<redacted>');
  const status = await core.readNamespacedPodStatus({ namespace: 'default', name: 'web-node-1' });
  assert.equal(status.status?.phase, 'Running');
  assert.equal((await core.readNode({ name: 'node-1' })).status?.nodeInfo?.architecture, 'amd64');
  assert.equal((await core.listEventForAllNamespaces()).items.length, 2);
  assert.equal((await config.makeApiClient(VersionApi).getCode()).minor, '32');
});

test('errors are the API’s own', async () => {
  const core = config.makeApiClient(CoreV1Api);
  await assert.rejects(
    core.readNamespacedPod({ namespace: 'default', name: 'nope' }),
    (error) => error instanceof ApiException && error.code === 404,
  );
  await assert.rejects(
    core.deleteNamespacedPod({ namespace: 'default', name: 'web-node-1' }),
    (error) => error instanceof ApiException && error.code === 405,
  );
});

test('an informer hears of what comes, changes and goes', async () => {
  const own = await serve(published([podView('a')]));
  const ownConfig = configOf(own);
  const core = ownConfig.makeApiClient(CoreV1Api);
  const informer = makeInformer(ownConfig, '/api/v1/pods', () => core.listPodForAllNamespaces());
  const heard: string[] = [];
  let wake = () => {};
  const until = async (count: number) => {
    while (heard.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  for (const verb of ['add', 'update', 'delete'] as const) {
    informer.on(verb, ({ metadata }) => {
      heard.push(`${verb} ${metadata?.name}`);
      wake();
    });
  }
  informer.on('error', () => undefined);
  try {
    await informer.start();
    await until(1);
    own.publish(published([podView('a', { version: '2' }), podView('b')]));
    await until(3);
    own.publish(published([podView('b')]));
    await until(4);
    assert.deepEqual(heard, ['add a-node-1', 'update a-node-1', 'add b-node-1', 'delete a-node-1']);
  } finally {
    await informer.stop();
    await own.close();
  }
});
