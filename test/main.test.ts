/** The agent as a process under a service manager, without a runtime. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { waitFor } from './e2e/agent.ts';
import { temporaryDirectory } from './kubelet/temporary.ts';
import { notifySocket } from './notify-socket.ts';

const ENTRY = join(import.meta.dirname, '../src/cli/bin.ts');

async function startAgent(t: TestContext) {
  const directory = await temporaryDirectory(t);
  const socket = await notifySocket(t);
  const file = join(directory, 'config.yaml');
  mkdirSync(join(directory, 'pods'));
  const configure = (...lines: string[]) =>
    writeFileSync(
      file,
      ['apiVersion: kubelet.config.k8s.io/v1beta1', 'kind: KubeletConfiguration', 'staticPodPath: pods']
        .concat(['port: 0', 'readOnlyPort: 0', 'healthzPort: 0', ...lines])
        .join('\n'),
    );
  configure();
  const flags = [
    '--metadata=none',
    `--root-dir=${directory}/root`,
    `--container-runtime-endpoint=unix://${directory}/no`,
  ];
  const child = spawn(process.execPath, [ENTRY, 'run', '--config', file, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '200000' },
  });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const logged = (pattern: RegExp) =>
    waitFor(`${pattern} in the log:\n${log}`, async () => log.split('\n').find((line) => pattern.test(line)));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return { child, socket, file, configure, logged, ended, log: () => log };
}

test('the service manager hears of readiness, life, a reload and the end', async (t) => {
  const { child, socket, configure, logged, ended, log } = await startAgent(t);
  const ready = await socket.until(/^READY=1 STATUS=0 Pods; the container runtime does not answer/);
  await socket.until(/^WATCHDOG=1 STATUS=0 Pods/, ready);
  assert.doesNotMatch(log(), /runtime call/);
  configure('logging: {verbosity: 1}', 'maxPods: 7');
  child.kill('SIGHUP');
  const reloading = await socket.until(/^RELOADING=1$/, ready);
  await socket.until(/^READY=1/, reloading);
  const { changed } = JSON.parse(await logged(/"the configuration was read again"/));
  assert.deepEqual(changed, { maxPods: { before: '110', now: '7' }, 'logging.verbosity': { before: '0', now: '1' } });
  await logged(/"level":"debug".*runtime call/);
  child.kill('SIGTERM');
  await socket.until(/^STOPPING=1/, reloading);
  assert.equal(await ended, 0);
});

test('a configuration with mistakes changes nothing; what cannot change is named', async (t) => {
  const { child, socket, file, configure, logged, ended, log } = await startAgent(t);
  await socket.until(/^READY=1/);
  configure('maxPods: many', 'logging: {verbosity: 1}', 'maxPod: 1');
  child.kill('SIGHUP');
  const { level, problems } = JSON.parse(await logged(/has mistakes: nothing is changed/));
  assert.equal(level, 'error');
  assert.equal(problems.length, 2);
  assert.ok(problems[0].startsWith(`${file}:7:`), problems[0]);
  assert.match(problems[1], /config\.yaml:9:\d+: maxPod: unknown field; did you mean maxPods\?/);
  configure('cgroupRoot: /x', 'maxPods: 110');
  child.kill('SIGHUP');
  assert.equal(JSON.parse(await logged(/these settings take effect when/)).settings[0], 'cgroupRoot');
  assert.doesNotMatch(log(), /"level":"debug"/);
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
});
