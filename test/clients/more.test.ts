/** What kubectl asks beyond lists: rights, groups, usage, waiting. Real kubectls against a hand-made state. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { serve, type TestEndpoint } from '../http/endpoint.ts';
import { podView, published } from '../http/fixture.ts';
import { sampleUsage } from '../http/usage.ts';
import { type Kubectl, prepare, VERSIONS } from './kubectl.ts';

const TOP_PODS = `NAME          CPU(cores)   MEMORY(bytes)
boot-node-1   250m         64Mi
web-node-1    500m         128Mi
`;
const trimmed = (text: string) => text.replace(/[ \t]+$/gm, '');

for (const version of VERSIONS) {
  describe(`kubectl ${version}`, () => {
    let endpoint: TestEndpoint;
    let client: Kubectl;
    before(async () => {
      const stats = { read: async () => sampleUsage() };
      [endpoint, client] = await Promise.all([serve(published(), { stats }), prepare(version)]);
    });
    after(async () => {
      await endpoint.close();
      await client.dispose();
    });

    const shows = (argv: string, stdout: string | RegExp, more: { status?: number; stderr?: RegExp } = {}) =>
      test(`${version}: kubectl ${argv}`, async (t) => {
        if (client.missing) return t.skip(client.missing);
        const outcome = await client.run(['-s', endpoint.url, ...argv.split(' ')]);
        assert.equal(outcome.status, more.status ?? 0, outcome.stderr + outcome.stdout);
        if (typeof stdout === 'string') assert.equal(trimmed(outcome.stdout), stdout);
        else assert.match(outcome.stdout, stdout);
        assert.match(outcome.stderr, more.stderr ?? /^$/);
      });

    shows('auth can-i get pods', 'yes\n');
    shows('auth can-i get pods --subresource=log', /^no/, { status: 1, stderr: /.*/ });
    shows('auth can-i delete pods', /^no/, { status: 1 });
    shows('auth can-i get /healthz', 'yes\n');
    shows('auth can-i --list', /^pods +\[\] +\[\] +\[get list watch\]/m);
    shows('top pod', TOP_PODS);
    shows('top pod -A --containers', /^default +web-node-1 +setup +250m +64Mi/m);
    shows('top pod -l app=web', /^NAME .*\nweb-node-1 +500m +128Mi *\n$/);
    shows('top node', /^node-1 +700m +35% +1024Mi +25%/m);
    shows('api-resources', /^pods +po +v1 +true +Pod *$/m);
    shows('api-resources', /^pods +metrics.k8s.io\/v1beta1 +true +PodMetrics *$/m);
    shows('api-versions', 'metrics.k8s.io/v1beta1\nv1\n');
    shows('version', /Server Version:.*v1\.32\.0\+rower/, { stderr: /.*/ });
    shows('cluster-info', /is running at .*http:\/\/127\.0\.0\.1:\d+/);
    shows('get pods --watch-only --request-timeout=1s', '', { stderr: /.*/ });
    shows('describe ns default', /^Name: +default\n/);
    shows('wait --for=condition=Ready pod/boot-node-1 --timeout=1s', '', {
      status: 1,
      stderr: /timed out waiting for the condition/,
    });

    test(`${version}: kubectl describe node tells everything that the machine has and gives`, async (t) => {
      if (client.missing) return t.skip(client.missing);
      const { status, stdout, stderr } = await client.run(['-s', endpoint.url, 'describe', 'node', 'node-1']);
      assert.equal(status, 0, stderr);
      for (const text of [
        /^Name: +node-1$/m,
        /^Labels: +kubernetes\.io\/arch=amd64$/m,
        /^ +InternalIP: +192\.0\.2\.7$/m,
        /^Capacity:\n +cpu: +2\n/m,
        /^Allocatable:\n +cpu: +2\n/m,
        /^ +Kernel Version: +6\.1\.0$/m,
        /^ +Container Runtime Version: +containerd:\/\/1\.6\.20$/m,
        /^Non-terminated Pods: +\(3 in total\)$/m,
        /^Allocated resources:/m,
      ]) {
        assert.match(stdout, text);
      }
    });

    test(`${version}: kubectl wait sees a Pod become ready`, async (t) => {
      if (client.missing) return t.skip(client.missing);
      const waiting = podView('a', { status: { phase: 'Pending' } });
      const own = await serve(published([waiting]));
      try {
        const argv = ['-s', own.url, 'wait', '--for=condition=Ready', 'pod/a-node-1', '--timeout=60s'];
        const outcome = client.run(argv);
        while (!own.observed.some(({ pattern }) => pattern.endsWith('/:resource') || pattern.endsWith('/:name'))) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        own.publish(published([podView('a', { version: '2' })]));
        const { status, stdout, stderr } = await outcome;
        assert.deepEqual([status, stdout], [0, 'pod/a-node-1 condition met\n'], stderr);
      } finally {
        await own.close();
      }
    });

    // 1.20 has none of these.
    if (version !== '1.20') {
      shows(
        'wait --for=jsonpath={.status.phase}=Running pod/web-node-1 --timeout=10s',
        'pod/web-node-1 condition met\n',
      );
      shows('auth whoami', /^Username +system:anonymous\n/m);
      shows('events', /Normal +Started +Pod\/web-node-1 +Started container main/);
    }
  });
}
