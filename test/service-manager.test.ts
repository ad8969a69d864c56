import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { realEnv } from '../hack/env.ts';
import type { Env } from '../src/kubelet/env.ts';
import { ServiceManager } from '../src/service-manager.ts';
import { waitFor } from './e2e/agent.ts';
import { temporaryDirectory } from './kubelet/temporary.ts';
import { notifySocket } from './notify-socket.ts';

/** An environment whose errors are kept, and whose sleeps of the watchdog end when the test says so. */
function handEnv(watchdogMs: number) {
  const errors: object[] = [];
  const sleeping: (() => void)[] = [];
  const real = realEnv({ debug() {}, info() {}, warn() {}, error: (fields) => errors.push(fields) });
  const after: Env['after'] = (delayMs, fn) => {
    if (delayMs !== watchdogMs / 2) return real.after(delayMs, fn);
    sleeping.push(fn);
    return () => {};
  };
  const env: Env = { ...real, after };
  const tick = async () => (await waitFor('the watchdog to sleep', async () => sleeping.shift()))();
  return { env, errors, tick };
}

test('what the agent does is told in order, by the real systemd-notify', async (t) => {
  const socket = await notifySocket(t);
  const environment = { PATH: process.env.PATH, NOTIFY_SOCKET: socket.path };
  const manager = new ServiceManager({ env: realEnv(), environment, pid: 1 });
  void manager.ready('3 Pods; containerd 1.6');
  void manager.reloading();
  void manager.ready('4 Pods');
  await manager.stopping();
  await socket.until(/STOPPING/);
  assert.deepEqual(socket.told(), [
    'READY=1 STATUS=3 Pods; containerd 1.6',
    'RELOADING=1',
    'READY=1 STATUS=4 Pods',
    'STOPPING=1 STATUS=stopping; containers run on',
  ]);
});

test('a sign of life is given for as long as nothing is wrong', async (t) => {
  const socket = await notifySocket(t);
  const { env, errors, tick } = handEnv(8000);
  const environment = { PATH: process.env.PATH, NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '8000000' };
  const manager = new ServiceManager({ env, environment, pid: 1 });
  const stop = new AbortController();
  let problems: string[] = [];
  const watching = manager.watch(
    () => problems,
    () => 'fine',
    stop.signal,
  );
  await tick();
  const first = await socket.until(/^WATCHDOG=1 STATUS=fine$/);
  await tick();
  await socket.until(/^WATCHDOG=1/, first);
  problems = ['the loop has not come round for 200 s'];
  await tick();
  await waitFor('the complaint', async () => errors.length > 0);
  assert.deepEqual(errors, [{ problems }]);
  stop.abort();
  await watching;
  await manager.settled();
  assert.equal(socket.told().length, 2);
});

test('without a service manager nothing is started, and programs of the agent do not speak for it', async (t) => {
  const directory = await temporaryDirectory(t);
  writeFileSync(join(directory, 'systemd-notify'), `#!/bin/sh\ntouch ${directory}/called\n`, { mode: 0o755 });
  const quiet: NodeJS.ProcessEnv = { PATH: directory };
  const manager = new ServiceManager({ env: realEnv(), environment: quiet, pid: 1 });
  await manager.ready('');
  await manager.watch(
    () => [],
    () => '',
    new AbortController().signal,
  );
  assert.equal(existsSync(join(directory, 'called')), false);
  const environment: NodeJS.ProcessEnv = { NOTIFY_SOCKET: '/n', WATCHDOG_USEC: '1', WATCHDOG_PID: '7', HOME: '/' };
  assert.equal(new ServiceManager({ env: realEnv(), environment, pid: 8 }).watchdogMs, 0, "another process's");
  assert.deepEqual(environment, { HOME: '/' });
  const garbage = { NOTIFY_SOCKET: '/n', WATCHDOG_USEC: '-5' };
  assert.equal(new ServiceManager({ env: realEnv(), environment: garbage, pid: 8 }).watchdogMs, 0);
});

test('a missing systemd-notify is told once and stops nothing', async (t) => {
  const { env, errors } = handEnv(0);
  const environment = { PATH: await temporaryDirectory(t), NOTIFY_SOCKET: '/nowhere' };
  const manager = new ServiceManager({ env, environment, pid: 1 });
  await manager.ready('');
  await manager.stopping();
  assert.deepEqual(errors, [{ assignments: ['READY=1', 'STATUS='], error: 'there is no systemd-notify' }]);
});
