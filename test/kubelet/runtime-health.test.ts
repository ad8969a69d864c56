import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cri, CriError } from '../../src/cri/port.ts';
import { RuntimeHealth } from '../../src/kubelet/runtime-health.ts';
import { Clock, silentLog, simEnv } from '../sim/env.ts';
import { Random } from '../sim/random.ts';

test('a runtime that comes back soon is warned of, one that stays away is an error, once each time', async () => {
  const told: string[] = [];
  const note = (level: string) => (_: object, message: string) => void told.push(`${level} ${message.slice(0, 45)}`);
  const log = { ...silentLog, warn: note('warn'), error: note('error') };
  const clock = new Clock();
  const env = simEnv(clock, new Random('x'), log);
  const cri = {
    status: async () => ({ conditions: [] }),
    version: async () => ({ runtimeName: 'containerd', runtimeVersion: '1' }),
  } as unknown as Cri;
  const health = new RuntimeHealth(env, cri);
  const away = () => health.failed(new CriError('unavailable', 'x', 'no socket'));
  const wait = (ms: number) => clock.advance(ms);
  away();
  await wait(59_000);
  away();
  assert.deepEqual(told, ['warn the container runtime does not answer: no soc']);
  await wait(2_000);
  away();
  away();
  assert.deepEqual(told.slice(1), ['error the container runtime has not answered for a ']);
  await health.refresh();
  away();
  assert.equal(told.length, 3);
  await wait(61_000);
  away();
  assert.equal(told.length, 4);
});
