import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerConfig } from '../../../src/kubelet/container/config.ts';
import type { Container } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';
import { node } from '../node.ts';

const image = { id: 'sha256:1', repoTags: [], repoDigests: [], sizeBytes: 1, username: '', pinned: false };

function config(change: Partial<Container> = {}) {
  const one = container(change);
  return containerConfig({
    revision: revision({ containers: [one] }),
    container: one,
    attempt: 4,
    restartCount: 4,
    backOffMs: 40_000,
    epoch: 2,
    imageRef: 'sha256:1',
    image,
    node: node(),
    podIps: ['10.0.0.5'],
    hostIps: ['192.0.2.7'],
    prepared: { volumes: new Map(), hostsFile: '/h' },
    terminationLogPath: '/t',
  });
}

test('a plain container becomes a plain request', () => {
  const { labels, annotations, mounts, linux, ...rest } = config();
  assert.deepEqual(rest, {
    metadata: { name: 'main', attempt: 4 },
    image: { image: 'sha256:1', userSpecifiedImage: 'busybox:1' },
    command: [],
    args: [],
    workingDir: '',
    envs: [],
    logPath: 'main/4.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
  });
  assert.equal(labels['io.kubernetes.container.name'], 'main');
  assert.equal(annotations['io.kubernetes.container.restartCount'], '4');
  assert.equal(annotations['rower.dev/back-off-ms'], '40000');
  assert.equal(annotations['rower.dev/epoch'], '2');
  assert.deepEqual(
    mounts.map((mount) => mount.hostPath),
    ['/h', '/t'],
  );
  assert.equal(linux.resources.cpuShares, 2);
  assert.deepEqual(linux.securityContext.runAsUser, { value: 0 });
});

test('command and arguments are expanded with the environment', () => {
  const found = config({
    command: ['sh', '$(WHERE)'],
    args: ['$(POD)', '$$(POD)'],
    env: [
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'WHERE', value: '/run/$(POD)' },
    ],
  });
  assert.deepEqual(found.command, ['sh', '/run/10.0.0.5']);
  assert.deepEqual(found.args, ['10.0.0.5', '$(POD)']);
  assert.deepEqual(found.envs, [
    { key: 'POD', value: '10.0.0.5' },
    { key: 'WHERE', value: '/run/10.0.0.5' },
  ]);
});

test('terminal, working directory and stop signal are passed on', () => {
  const signals = ['SIGUSR1', 'SIGRTMIN', 'SIGRTMIN+3', 'SIGRTMAX-2'].map(
    (stopSignal) => config({ lifecycle: { stopSignal } }).stopSignal,
  );
  assert.deepEqual(signals, ['SIGUSR1', 'SIGRTMIN', 'SIGRTMINPLUS3', 'SIGRTMAXMINUS2']);
  const { stdin, stdinOnce, tty, workingDir } = config({ stdin: true, stdinOnce: true, tty: true, workingDir: '/w' });
  assert.deepEqual(
    { stdin, stdinOnce, tty, workingDir },
    { stdin: true, stdinOnce: true, tty: true, workingDir: '/w' },
  );
});

test('the same input gives the same request', () => assert.deepEqual(config(), config()));
