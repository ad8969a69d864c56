import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Cri, CriError, type CriErrorCode, type ExecResult } from '../../src/cri/port.ts';
import { execProbe } from '../../src/probes/exec.ts';
import type { Answer } from '../../src/probes/types.ts';
import { Clock, silentLog, simEnv } from '../sim/env.ts';
import { Random } from '../sim/random.ts';
import { target } from './setting.ts';

const NEVER = new Promise<never>(() => {});
const result = (exitCode: number, stdout = '', stderr = ''): ExecResult => ({
  exitCode,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
});
const error = (code: CriErrorCode, message = 'text') => Promise.reject(new CriError(code, 'ExecSync', message));

interface Setting {
  readonly containerStatus?: () => Promise<unknown>;
  readonly endLeftovers?: () => Promise<number>;
}

function setting(
  execSync: Cri['execSync'],
  { containerStatus = async () => ({}), endLeftovers = async () => 0 }: Setting = {},
) {
  const clock = new Clock();
  const env = simEnv(clock, new Random('exec'), silentLog);
  const calls: unknown[] = [];
  const cri = {
    execSync: (...call: Parameters<Cri['execSync']>) => {
      calls.push(call.slice(0, 3));
      return execSync(...call);
    },
    containerStatus: containerStatus as Cri['containerStatus'],
  };
  const handler = execProbe({ env, cri, endLeftovers });
  const answers: { answer: Answer; atMs: number }[] = [];
  const probe = (command: string[], signal = new AbortController().signal) =>
    handler({ probe: { exec: { command } }, target: target('c1'), timeoutMs: 1000, signal }).then((answer) => {
      answers.push({ answer, atMs: clock.elapsedMs });
      return answer;
    });
  return { clock, calls, answers, probe };
}

const TIMED_OUT: Answer = { result: 'failure', output: 'command timed out: "sh -c x" timed out after 1s' };
const AWAY: Answer = { result: 'error', as: 'unknown', output: 'the container runtime does not answer', away: true };

describe('an exec probe', () => {
  for (const [what, execSync, expected] of [
    [
      'exit code 0, a success with its output',
      async () => result(0, 'out', 'err'),
      { result: 'success', output: 'outerr' },
    ],
    [
      'another exit code, a failure with its output',
      async () => result(3, 'out', 'err'),
      { result: 'failure', output: 'outerr' },
    ],
    [
      'much output, of which 10 KiB are kept',
      async () => result(0, 'x'.repeat(20_000)),
      { result: 'success', output: 'x'.repeat(10_240) },
    ],
    ['a timeout, a failure', () => error('deadline'), TIMED_OUT],
    [
      'a command that cannot be started, an error',
      () => error('other', 'no such file'),
      { result: 'error', as: 'unknown', output: 'no such file' },
    ],
    [
      'a container that is gone, an error',
      () => error('not-found', 'gone'),
      { result: 'error', as: 'unknown', output: 'gone' },
    ],
    [
      'no runtime, which is told elsewhere',
      () => error('unavailable', 'no runtime'),
      { result: 'error', as: 'unknown', output: 'no runtime', away: true },
    ],
  ] as const) {
    it(`makes of ${what}`, async () => {
      const { probe, calls } = setting(execSync);
      assert.deepEqual(await probe(['sh', '-c', 'x']), expected);
      assert.deepEqual(calls, [['c1', ['sh', '-c', 'x'], 1]]);
    });
  }

  it('fails when children of the command hold on past its timeout, and starts no other beside them', async () => {
    const { probe, clock, calls, answers } = setting(() => NEVER);
    void probe(['sh', '-c', 'x']);
    await clock.advance(16_000);
    void probe(['sh', '-c', 'x']);
    void probe(['other']);
    await clock.advance(1);
    assert.equal(calls.length, 2);
    assert.deepEqual(answers, [
      { answer: TIMED_OUT, atMs: 15_000 },
      { answer: TIMED_OUT, atMs: 16_000 },
    ]);
  });

  it('says nothing of the container at any tick while the runtime hangs', async () => {
    const { probe, clock, answers } = setting(() => NEVER, { containerStatus: () => NEVER });
    void probe(['sh', '-c', 'x']);
    await clock.advance(20_000);
    void probe(['sh', '-c', 'x']);
    await clock.advance(5000);
    assert.deepEqual(answers, [
      { answer: AWAY, atMs: 20_000 },
      { answer: AWAY, atMs: 25_000 },
    ]);
  });

  it('ends those children, so that the next tick is a new one', async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    const endLeftovers = async () => {
      reject(new CriError('deadline', 'ExecSync', 'at last'));
      return 2;
    };
    const { probe, clock, calls, answers } = setting(() => promise, { endLeftovers });
    void probe(['sh', '-c', 'x']);
    await clock.advance(4000);
    assert.deepEqual(answers, [{ answer: TIMED_OUT, atMs: 3000 }]);
    void probe(['sh', '-c', 'x']);
    assert.equal(calls.length, 2);
  });

  it('waits for a command that was started late, and does not look for it too often', async () => {
    const { promise, resolve } = Promise.withResolvers<ExecResult>();
    const looks: number[] = [];
    const { probe, clock, answers } = setting(() => promise, {
      endLeftovers: async () => {
        looks.push(clock.elapsedMs);
        return 0;
      },
    });
    for (const name of ['a', 'b', 'c']) void probe([name]);
    await clock.advance(12_000);
    resolve(result(0));
    await clock.advance(1);
    assert.deepEqual(looks, [3000, 7000, 11_000]);
    assert.deepEqual(new Set(answers.map(({ answer }) => answer.result)), new Set(['success']));
  });

  it('starts the command again once they are gone', async () => {
    let release: (value: ExecResult) => void = () => {};
    const { probe, clock, calls } = setting(() => {
      const { promise, resolve } = Promise.withResolvers<ExecResult>();
      release = resolve;
      return promise;
    });
    void probe(['sh', '-c', 'x']);
    await clock.advance(16_000);
    release(result(0));
    await clock.advance(1);
    void probe(['sh', '-c', 'x']);
    assert.equal(calls.length, 2);
  });

  it('blames the runtime, not the container, when that answers nothing at all', async () => {
    const { probe, clock, answers } = setting(() => NEVER, { containerStatus: () => NEVER });
    void probe(['sh', '-c', 'x']);
    await clock.advance(30_000);
    assert.deepEqual(answers, [{ answer: AWAY, atMs: 20_000 }]);
  });

  it('hands on that it is stopped', async () => {
    const stop = new AbortController();
    const { probe } = setting((_id, _command, _timeout, signal) => {
      signal?.throwIfAborted();
      return new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(new CriError('cancelled', 'ExecSync', 'stopped'))),
      );
    });
    const answer = probe(['x'], stop.signal);
    stop.abort();
    assert.deepEqual(await answer, { result: 'error', as: 'unknown', output: 'stopped', away: true });
  });
});
