import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { realEnv } from '../../hack/env.ts';
import type { Env } from '../../src/kubelet/env.ts';
import { type ShutdownWatchOptions, watchShutdown } from '../../src/kubelet/shutdown-watch.ts';
import { type LogindOptions, startLogind } from './logind.ts';

async function machine(change: LogindOptions & Partial<ShutdownWatchOptions> = {}) {
  const logind = await startLogind(change);
  const said: string[] = [];
  const steps: string[] = [];
  let ended: (() => void) | undefined;
  const real = realEnv();
  const say = (_: unknown, text: string) => said.push(text);
  const env: Env = {
    ...real,
    // Everything that waits for long waits for a moment.
    after: (ms, fn) => real.after(ms === 25_000 ? ms : Math.min(ms, 10), fn),
    log: { ...real.log, info: say, warn: say },
  };
  const stop = new AbortController();
  const path = process.env.PATH;
  process.env.PATH = `${logind.programs}:${path}`;
  const watching = watchShutdown(
    {
      env,
      periodMs: 60_000,
      begin: () => {
        steps.push('begin');
        return new Promise((resolve) => {
          ended = resolve;
        });
      },
      cancel: () => {
        steps.push('cancel');
        ended?.();
      },
      busSocket: change.busSocket ?? logind.bus.socketPath,
      logindConfigDirectory: logind.configDirectory,
    },
    stop.signal,
  );
  return {
    logind,
    said,
    steps,
    podsEnded: () => ended?.(),
    stop: async () => {
      stop.abort();
      await watching;
      process.env.PATH = path;
      await logind.stop();
    },
  };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 1500) throw new Error(`in vain: ${what}`);
    await delay(10);
  }
}

describe('the watch for a shutdown', () => {
  it('holds the machine up until the Pods have ended', async () => {
    const { logind, steps, podsEnded, stop } = await machine();
    await until('the lock', logind.locked);
    assert.match(logind.lockText(), /^--what=shutdown --who=rower --why=Pods need time to end --mode=delay /);
    assert.equal(existsSync(logind.configDirectory), false);
    logind.prepare(true);
    await until('the beginning', () => steps.length > 0);
    assert.ok(logind.locked());
    podsEnded();
    await until('the end of the lock', () => !logind.locked());
    assert.deepEqual(steps, ['begin']);
    await stop();
  });

  it('takes the lock anew when the machine stays up', async () => {
    const { logind, steps, podsEnded, stop } = await machine();
    await until('the lock', logind.locked);
    logind.prepare(true);
    await until('the beginning', () => steps.length === 1);
    podsEnded();
    await until('the end of the lock', () => !logind.locked());
    logind.prepare(false);
    await until('the lock again', logind.locked);
    assert.deepEqual(steps, ['begin', 'cancel']);
    await stop();
  });

  it('keeps the lock of a shutdown that was called off in time', async () => {
    const { logind, steps, stop } = await machine();
    await until('the lock', logind.locked);
    logind.prepare(true);
    await until('the beginning', () => steps.length === 1);
    logind.prepare(false);
    await until('the end', () => steps.length === 2);
    logind.prepare(true);
    await until('the next one', () => steps.length === 3);
    assert.ok(logind.locked());
    await stop();
  });

  it('does not believe a signal that logind denies', async () => {
    const { logind, steps, stop } = await machine();
    await until('the lock', logind.locked);
    logind.bus.signal({ member: 'PrepareForShutdown', signature: 'b', body: [true] });
    logind.preparing = false;
    await delay(50);
    assert.deepEqual(steps, []);
    await stop();
  });

  it('sees a shutdown that began before it looked', async () => {
    const made = machine();
    const { logind, steps, stop } = await made;
    logind.preparing = true;
    await until('the beginning', () => steps.length === 1);
    await stop();
  });

  it('has logind wait long enough', async () => {
    const { logind, stop } = await machine({ delayUs: 5_000_000n });
    await until('the lock', logind.locked);
    assert.match(
      readFileSync(join(logind.configDirectory, '99-rower.conf'), 'utf8'),
      /\[Login\]\nInhibitDelayMaxSec=60\n/,
    );
    assert.deepEqual(logind.kills, [['systemd-logind.service', 'all', 1]]);
    await stop();
  });

  it('begins anew when the bus or the lock is lost', async () => {
    const { logind, stop } = await machine();
    await until('the lock', logind.locked);
    logind.bus.disconnect();
    await until('the end of the lock', () => !logind.locked());
    await until('the lock again', logind.locked);
    await stop();
  });

  it('ends at once though the lock is still being waited for', async () => {
    const { logind, stop } = await machine({ inhibit: 'touch $0.called; exec sleep 1000' });
    await until('the call', () => existsSync(join(logind.programs, 'systemd-inhibit.called')));
    await stop();
  });

  for (const [name, change] of [
    ['without a bus', { busSocket: '/no/such/socket' }],
    ['without logind', { deaf: true }],
    ['without a lock', { inhibit: 'echo refused >&2; exit 1' }],
  ] as const) {
    it(`says once that nothing can be held up ${name}, and goes on trying`, async () => {
      const { said, steps, stop } = await machine(change);
      await until('a word', () => said.length > 0);
      await delay(60);
      await stop();
      assert.equal(said.filter((text) => /cannot be held up/.test(text)).length, 1);
      assert.deepEqual(steps, []);
    });
  }
});
