import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { UsageError } from '../../src/cli/args.ts';
import { getCommand } from '../../src/cli/get.ts';
import { serve, type TestEndpoint } from '../http/endpoint.ts';

let endpoint: TestEndpoint;
before(async () => {
  endpoint = await serve();
});
after(() => endpoint.close());

async function rower(...argv: string[]) {
  let [stdout, stderr] = ['', ''];
  const io = {
    stdout: (text: string) => {
      stdout += text;
    },
    stderr: (text: string) => {
      stderr += text;
    },
    env: {},
  };
  const status = await getCommand(argv, io);
  return { status, stdout, stderr };
}
const get = (...argv: string[]) => rower(...argv, '--server', endpoint.url);
const good = (stdout: string) => ({ status: 0, stdout, stderr: '' });
const bad = (stderr: string) => ({ status: 1, stdout: '', stderr });

const PODS = `NAME          READY   STATUS      RESTARTS      AGE
boot-node-1   0/1     Init:0/1    0             30s
job-node-1    0/1     Completed   0             3d2h
web-node-1    2/2     Running     2 (12m ago)   90m
`;

test('Pods are printed in the columns of kubectl', async () => {
  assert.deepEqual(await get('pods'), good(PODS));
  assert.deepEqual(await get('po', '-n', 'default'), good(PODS));
  assert.deepEqual(
    await get('pods', '--all-namespaces', '--output=wide'),
    good(`NAMESPACE     NAME           READY   STATUS             RESTARTS      AGE    IP          NODE     NOMINATED NODE   READINESS GATES
default       boot-node-1    0/1     Init:0/1           0             30s    <none>      node-1   <none>           <none>
default       job-node-1     0/1     Completed          0             3d2h   10.88.0.6   node-1   <none>           <none>
default       web-node-1     2/2     Running            2 (12m ago)   90m    10.88.0.5   node-1   <none>           <none>
kube-system   crash-node-1   0/1     CrashLoopBackOff   7 (4m ago)    90m    10.88.0.9   node-1   <none>           <none>
`),
  );
});

test('names, selectors and namespaces pick Pods', async () => {
  const web = `NAME         READY   STATUS    RESTARTS      AGE
web-node-1   2/2     Running   2 (12m ago)   90m
`;
  assert.deepEqual(await get('pod', 'web-node-1'), good(web));
  assert.deepEqual(await get('pods', '-l', 'app=web,tier in (front)'), good(web));
  assert.deepEqual(await get('pods', '-n=kube-system', '-oname'), good('pod/crash-node-1\n'));
  assert.deepEqual(
    await get('pods', '-A', '-o', 'name'),
    good('pod/boot-node-1\npod/job-node-1\npod/web-node-1\npod/crash-node-1\n'),
  );
  assert.deepEqual(await get('pod', 'web-node-1', '-o', 'name'), good('pod/web-node-1\n'));
});

test('JSON is a List with sorted keys, or the object itself', async () => {
  const list = JSON.parse((await get('pods', '-o', 'json')).stdout);
  assert.deepEqual(Object.keys(list), ['apiVersion', 'items', 'kind', 'metadata']);
  assert.deepEqual([list.kind, list.items.length, list.items[0].kind], ['List', 3, 'Pod']);
  const { stdout } = await get('pod', 'web-node-1', '-o', 'json');
  assert.equal(JSON.parse(stdout).kind, 'Pod');
  assert.match(stdout, /^\{\n {4}"apiVersion": "v1",\n {4}"kind": "Pod",/);
  assert.ok(stdout.includes('"value": "\\u003credacted\\u003e"'));
});

test('nodes, namespaces and events are shown in the same way', async () => {
  assert.deepEqual(
    await get('nodes', '-A'),
    good('NAME     STATUS   ROLES    AGE    VERSION\nnode-1   Ready    <none>   120m   v1.32.0+rower.0.1.0\n'),
  );
  assert.deepEqual(await get('ns', '-o', 'name'), good('namespace/default\nnamespace/kube-system\n'));
  assert.match((await get('ev')).stdout, /^LAST SEEN {3}TYPE {6}REASON/);
});

test('nothing to show is said on standard error', async () => {
  assert.deepEqual(await get('pods', '-n', 'nope'), {
    status: 0,
    stdout: '',
    stderr: 'No resources found in nope namespace.\n',
  });
  assert.deepEqual(await get('pods', '-A', '-l', 'app=nope'), {
    status: 0,
    stdout: '',
    stderr: 'No resources found\n',
  });
});

test('the endpoint’s errors are told as kubectl tells them', async () => {
  assert.deepEqual(await get('pods', 'nope'), bad('Error from server (NotFound): pods "nope" not found\n'));
  assert.deepEqual(
    await get('pods', '-l', 'a==='),
    bad("Error from server (BadRequest): unable to parse requirement: found '=', expected: ',' or 'end of string'\n"),
  );
});

test('an agent that is away is said to be away', async () => {
  const other = await serve();
  await other.close();
  const { status, stderr } = await rower('pods', '-s', other.url);
  assert.equal(status, 1);
  assert.equal(
    stderr,
    `rower get: no answer from ${other.url}: connection refused. Is the agent running? See rower run, and --server for another address.\n`,
  );
});

test('an answer that is not ours is an error, not a crash', async () => {
  const answers: [number, string][] = [
    [200, '<html>'],
    [200, '{"kind":"Other"}'],
    [502, 'Bad Gateway'],
  ];
  for (const [code, body] of answers) {
    const server = http.createServer((_, response) => response.writeHead(code).end(body)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { status, stdout, stderr } = await rower('pods', '-s', `127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.close();
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /is this the status endpoint of rower\?\n$/);
  }
});

test('what cannot be understood is refused', async () => {
  const cases: [string[], RegExp][] = [
    [[], /say what to get/],
    [['deployments'], /unknown kind deployments: there are pods, nodes/],
    [['pods', 'a', 'b'], /one name at a time: b/],
    [['pods', 'a', '-A'], /a name needs a namespace/],
    [['pods', 'a', '-l', 'x'], /a name and a selector/],
    [['pods', '-o', 'xml'], /unknown output format xml: there are wide, json, yaml, name/],
    [['pods', '-s', 'https://x'], /--server https:\/\/x: must be like http:/],
    [['pods', '-s', 'http://'], /must be like/],
    [['pods', '--watch'], /unknown flag --watch/],
  ];
  for (const [argv, message] of cases) {
    await assert.rejects(
      rower(...argv),
      (error) => error instanceof UsageError && message.test(error.message),
      argv.join(' '),
    );
  }
});

test('--help tells the flags and their short forms', async () => {
  const { status, stdout } = await rower('pods', '--help');
  assert.equal(status, 0);
  for (const text of [
    'rower get pods [NAME]',
    '--namespace NAME',
    'also -n',
    '--all-namespaces',
    '--output FORMAT',
    '--selector LABELS',
    'http://127.0.0.1:10255',
  ]) {
    assert.ok(stdout.includes(text), text);
  }
});
