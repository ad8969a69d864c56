/** What root sees with the kubeconfig that the agent writes. */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { SECRET, samplePods } from '../http/fixture.ts';
import { type FullEndpoint, logLine, serveFull, WEB_LOG } from '../http/full.ts';
import { type Kubectl, prepare, VERSIONS } from './kubectl.ts';

for (const version of VERSIONS) {
  describe(`kubectl ${version} with the kubeconfig`, () => {
    let endpoint: FullEndpoint;
    let client: Kubectl;
    before(async () => {
      [endpoint, client] = await Promise.all([serveFull(), prepare(version)]);
    });
    after(async () => {
      await endpoint.close();
      await client.dispose();
    });

    const run = (argv: string, onStdout?: (text: string) => void) =>
      client.run([`--kubeconfig=${endpoint.kubeconfig}`, ...argv.split(' ')], onStdout);
    const shows = (argv: string, stdout: string, more: { status?: number; stderr?: RegExp } = {}) =>
      test(`${version}: kubectl ${argv}`, async (t) => {
        if (client.missing) return t.skip(client.missing);
        const outcome = await run(argv);
        const { status = 0, stderr = /^$/ } = more;
        assert.deepEqual({ status: outcome.status, stdout: outcome.stdout }, { status, stdout }, outcome.stderr);
        assert.match(outcome.stderr, stderr);
      });
    const bad = (argv: string, stderr: RegExp) => shows(argv, '', { status: 1, stderr });

    shows('get pods -o name', ['gone', 'loop', 'pull', 'solo', 'web'].map((name) => `pod/${name}-node-1\n`).join(''));
    shows('logs solo-node-1', 'alone\n');
    shows('logs web-node-1 -c main', WEB_LOG);
    shows('logs web-node-1 -c main --tail=1', 'three\n');
    shows('logs web-node-1 -c main --limit-bytes=5', 'one\nt');
    shows('logs web-node-1 -c main --since-time=2026-01-01T00:00:01Z', 'two\nthree\n');
    shows('logs web-node-1 -c main --since=1s', '');
    shows('logs web-node-1 -c main --timestamps --tail=1', '2026-01-01T00:00:02.000000000Z three\n');
    shows('logs loop-node-1', 'second life\n');
    shows('logs loop-node-1 --previous', 'second life\n');
    bad('logs web-node-1 -c main --previous', /previous terminated container "main" in pod "web-node-1" not found/);
    bad('logs pull-node-1', /is waiting to start: image can't be pulled/);
    bad('logs web-node-1 -c nope', /container nope is not valid for pod web-node-1/);
    bad('logs nope', /[Ee]rror from server \(NotFound\): pods "nope" not found/);
    bad('delete pod web-node-1', /^Error from server \(MethodNotAllowed\): this node endpoint is read-only/);

    test(`${version}: kubectl logs --all-containers --prefix tells who wrote each line`, async (t) => {
      if (client.missing) return t.skip(client.missing);
      const { status, stdout } = await run('logs solo-node-1 --all-containers --prefix');
      assert.deepEqual([status, stdout], [0, '[pod/solo-node-1/main] alone\n']);
    });

    test(`${version}: kubectl logs -f goes on until the container has ended`, async (t) => {
      if (client.missing) return t.skip(client.missing);
      const own = await serveFull();
      try {
        let step = 0;
        const argv = [`--kubeconfig=${own.kubeconfig}`, 'logs', '-f', 'solo-node-1'];
        const { status, stdout } = await client.run(argv, (text) => {
          if (step === 0 && text.includes('alone')) {
            step = 1;
            appendFileSync(own.logFile('solo', 'main', 0), logLine(1, 'more'));
          } else if (step === 1 && text.includes('more')) {
            step = 2;
            own.alive.delete('solo-0');
          }
        });
        assert.deepEqual([status, stdout], [0, 'alone\nmore\n']);
      } finally {
        await own.close();
      }
    });

    test(`${version}: kubectl describe and get -o yaml show what the other port hides`, async (t) => {
      if (client.missing) return t.skip(client.missing);
      const own = await serveFull({ pods: samplePods() });
      try {
        const config = `--kubeconfig=${own.kubeconfig}`;
        const described = await client.run([config, 'describe', 'pod', 'web-node-1']);
        assert.equal(described.status, 0, described.stderr);
        assert.ok(described.stdout.includes(`PASSWORD:  ${SECRET}`), described.stdout);
        const yaml = await client.run([config, 'get', 'pod', 'web-node-1', '-o', 'yaml']);
        assert.ok(yaml.stdout.includes(SECRET));
      } finally {
        await own.close();
      }
    });

    test(`${version}: without the token kubectl is told to log in`, async (t) => {
      if (client.missing) return t.skip(client.missing);
      const { status, stderr } = await client.run([
        `--kubeconfig=${endpoint.kubeconfig}`,
        '--token=not-the-token-of-this-endpoint',
        'get',
        'pods',
      ]);
      assert.equal(status, 1);
      assert.match(stderr, /You must be logged in to the server/);
    });
  });
}
