/** What people see who point a real kubectl at the endpoint. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { serve, type TestEndpoint } from '../http/endpoint.ts';
import { podView, published, SECRET } from '../http/fixture.ts';
import { type Kubectl, prepare, VERSIONS } from './kubectl.ts';

const PODS = `NAME          READY   STATUS      RESTARTS      AGE
boot-node-1   0/1     Init:0/1    0             30s
job-node-1    0/1     Completed   0             3d2h
web-node-1    2/2     Running     2 (12m ago)   90m
`;
const ALL_PODS_WIDE = `NAMESPACE     NAME           READY   STATUS             RESTARTS      AGE    IP          NODE     NOMINATED NODE   READINESS GATES
default       boot-node-1    0/1     Init:0/1           0             30s    <none>      node-1   <none>           <none>
default       job-node-1     0/1     Completed          0             3d2h   10.88.0.6   node-1   <none>           <none>
default       web-node-1     2/2     Running            2 (12m ago)   90m    10.88.0.5   node-1   <none>           <none>
kube-system   crash-node-1   0/1     CrashLoopBackOff   7 (4m ago)    90m    10.88.0.9   node-1   <none>           <none>
`;
const WEB = `NAME         READY   STATUS    RESTARTS      AGE
web-node-1   2/2     Running   2 (12m ago)   90m
`;
const EVENTS = `LAST SEEN   TYPE      REASON            OBJECT           MESSAGE
0s          Warning   ManifestWarning   node/node-1      http://192.0.2.1/pods.yaml: unknown field
0s          Normal    Started           pod/web-node-1   Started container main
`;
const NODES = `NAME     STATUS   ROLES    AGE    VERSION
node-1   Ready    <none>   120m   v1.32.0+rower.0.1.0
`;
const NOT_ALLOWED = 'Error from server (MethodNotAllowed): ';
const READ_ONLY = 'this node endpoint is read-only: change the manifest';

for (const version of VERSIONS) {
  describe(`kubectl ${version}`, () => {
    let endpoint: TestEndpoint;
    let client: Kubectl;
    before(async () => {
      [endpoint, client] = await Promise.all([serve(), prepare(version)]);
    });
    after(async () => {
      await endpoint.close();
      await client.dispose();
    });

    /** A test of one command: exit status and both outputs. */
    const shows = (argv: string, stdout: string, more: { status?: number; stderr?: string | RegExp } = {}) =>
      test(`${version}: kubectl ${argv}`, async (t) => {
        if (client.missing) return t.skip(client.missing);
        const outcome = await client.run(['-s', endpoint.url, ...argv.split(' ')]);
        const { status = 0, stderr = '' } = more;
        assert.deepEqual({ status: outcome.status, stdout: outcome.stdout }, { status, stdout }, outcome.stderr);
        if (typeof stderr === 'string') assert.equal(outcome.stderr, stderr);
        else assert.match(outcome.stderr, stderr);
      });
    const fails = (argv: string, stderr: string | RegExp) => shows(argv, '', { status: 1, stderr });

    shows('get pods', PODS);
    shows('get po --chunk-size=2', PODS);
    shows('get all', PODS);
    shows('get pods --sort-by=.metadata.name', PODS);
    shows('get pods -A -o wide', ALL_PODS_WIDE);
    shows('get pod web-node-1', WEB);
    shows('get pods -l app=web,tier!=back', WEB);
    shows('get pods --field-selector=status.phase=Running', WEB);
    shows('get pods -o name', 'pod/boot-node-1\npod/job-node-1\npod/web-node-1\n');
    shows(
      'get pods -o custom-columns=N:.metadata.name,P:.status.phase -l app=web',
      'N            P\nweb-node-1   Running\n',
    );
    shows('get pods -n nope', '', { stderr: 'No resources found in nope namespace.\n' });
    shows('get events', EVENTS);
    shows('get nodes', NODES);
    shows('get ns', 'NAME          STATUS   AGE\ndefault       Active   120m\nkube-system   Active   120m\n');
    shows('get --raw /healthz', 'ok');
    shows('wait --for=condition=Ready pod/web-node-1 --timeout=30s', 'pod/web-node-1 condition met\n');
    fails('get pods nope', 'Error from server (NotFound): pods "nope" not found\n');
    fails('get deployments', /the server doesn't have a resource type "deployments"/);
    fails('delete pod web-node-1', `${NOT_ALLOWED}${READ_ONLY} /etc/pods/web.yaml\n`);
    fails('label pod web-node-1 a=b', `${NOT_ALLOWED}${READ_ONLY} /etc/pods/web.yaml\n`);
    fails('run x --image=y', `${NOT_ALLOWED}${READ_ONLY} in /etc/pods\n`);
    fails(
      'logs job-node-1',
      `${NOT_ALLOWED}this port serves no logs: use kubectl --kubeconfig /etc/rower/kubeconfig, or read them on the machine in /var/log/pods/default_job-node-1_uid-of-job\n`,
    );
    fails('exec web-node-1 -- ls', /this node endpoint is read-only: exec is not served; use crictl on the machine\n$/);

    test(`${version}: kubectl get pods -o json and -o yaml give whole objects without secrets`, async (t) => {
      if (client.missing) return t.skip(client.missing);
      const { stdout } = await client.run(['-s', endpoint.url, 'get', 'pods', '-A', '-o', 'json']);
      const { kind, items } = JSON.parse(stdout);
      assert.deepEqual([kind, items.length], ['List', 4]);
      for (const item of items) assert.deepEqual([item.kind, item.apiVersion], ['Pod', 'v1']);
      const yaml = await client.run(['-s', endpoint.url, 'get', 'pod', 'web-node-1', '-o', 'yaml']);
      assert.match(yaml.stdout, /^apiVersion: v1\nkind: Pod\nmetadata:\n/);
      assert.match(yaml.stdout, /\n {4}- name: PASSWORD\n {6}value: <redacted>\n/);
      for (const text of [stdout, yaml.stdout]) assert.ok(!text.includes(SECRET));
    });

    test(`${version}: kubectl describe shows a Pod with its events, and the node`, async (t) => {
      if (client.missing) return t.skip(client.missing);
      const pod = await client.run(['-s', endpoint.url, 'describe', 'pod', 'web-node-1']);
      assert.equal(pod.status, 0, pod.stderr);
      for (const text of [/^Node: +node-1\//m, /PASSWORD: +<redacted>/, /Normal +Started .*Started container main/])
        assert.match(pod.stdout, text);
      const node = await client.run(['-s', endpoint.url, 'describe', 'node', 'node-1']);
      assert.equal(node.status, 0, node.stderr);
      assert.match(node.stdout, /Ready +True .*KubeletReady/);
      assert.equal(node.stdout.match(/ManifestWarning/g)?.length, 1);
    });

    test(`${version}: kubectl get pods -w prints each change as it comes`, async (t) => {
      if (client.missing) return t.skip(client.missing);
      const own = await serve(published([podView('a')]));
      const watching = client.run(['-s', own.url, 'get', 'pods', '-w'], (text) => {
        if (text.includes('b-node-1')) void own.close();
        else if (text.includes('a-node-1')) own.publish(published([podView('a'), podView('b')]));
      });
      const { status, stdout } = await watching.finally(() => own.close());
      const header = 'NAME       READY   STATUS    RESTARTS   AGE\n';
      const rows = ['a', 'b'].map((name) => `${name}-node-1   1/1     Running   0          90m\n`);
      assert.deepEqual({ status, stdout }, { status: 0, stdout: header + rows.join('') });
    });

    test(`${version}: kubectl apply and create are told where to go instead`, async (t) => {
      if (client.missing) return t.skip(client.missing);
      const manifest = (name: string) =>
        `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: main, image: x}]}\n`;
      const fresh = await client.file('fresh.yaml', manifest('fresh'));
      const known = await client.file('known.yaml', manifest('web-node-1'));
      for (const [verb, file, place] of [
        ['create', fresh, ' in /etc/pods'],
        ['apply', fresh, ' in /etc/pods'],
        ['apply', known, ' /etc/pods/web.yaml'],
      ] as const) {
        const { status, stderr } = await client.run(['-s', endpoint.url, verb, '-f', file]);
        assert.equal(status, 1);
        assert.ok(stderr.startsWith(NOT_ALLOWED) && stderr.includes(`${READ_ONLY}${place}`), stderr);
      }
    });
  });
}
