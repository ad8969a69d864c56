import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import { afterOwnTime, type Env } from '../../src/kubelet/env.ts';

const source = (path: string) => JSON.stringify(join(import.meta.dirname, '../..', path));

/** Runs `script` in a process of its own that has at most so many descriptors; `kinds`: a handler of each kind. */
function prober(script: string, descriptors = 1000): ChildProcess {
  const program = `
    import { openSync, closeSync } from 'node:fs';
    import { probeHandlers } from ${source('src/probes/kinds.ts')};
    import { attempt, env } from ${source('test/probes/attempt.ts')};
    const handlers = probeHandlers({ env, cri: {} });
    ${script}`;
  const few = [
    '-c',
    `ulimit -n ${descriptors}; exec "$0" "$@"`,
    process.execPath,
    '--input-type=module',
    '-e',
    program,
  ];
  return spawn('/bin/sh', few, { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function outputOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(child, 'close');
  return text;
}

describe('a pause or a want of the agent’s own', () => {
  it('gives a timer that was kept from firing its time once more', () => {
    let nowMs = 0;
    const timers: [number, () => void][] = [];
    const env: Env = {
      ...realEnv(),
      monotonicMs: () => nowMs,
      after: (delayMs, fn) => {
        timers.push([delayMs, fn]);
        return () => timers.splice(0);
      },
    };
    const fired: number[] = [];
    const fire = (atMs: number) => {
      nowMs = atMs;
      timers.shift()?.[1]();
    };
    afterOwnTime(env, 1000, () => fired.push(nowMs));
    fire(1900);
    assert.deepEqual(fired, [1900]);
    afterOwnTime(env, 1000, () => fired.push(nowMs));
    fire(60_000);
    assert.deepEqual([fired, timers[0]?.[0]], [[1900], 1000]);
    fire(120_000);
    assert.deepEqual(fired, [1900, 120_000]);
    const cancel = afterOwnTime(env, 1000, () => fired.push(nowMs));
    fire(200_000);
    cancel();
    assert.equal(timers.length, 0);
  });

  it('without a descriptor no probe says that its container has failed', async () => {
    const child = prober(
      `
      for (const kind of ['tcpSocket', 'httpGet', 'grpc'])
        await attempt(handlers[kind], { [kind]: { port: 1 } }, { timeoutMs: 50 });
      const taken = [];
      try { for (;;) taken.push(openSync('/dev/null')); } catch {}
      for (const kind of ['tcpSocket', 'httpGet', 'grpc']) {
        const { result, output } = await attempt(handlers[kind], { [kind]: { port: 1 } });
        console.log(kind, result, /too many open files/.test(output));
      }`,
      100,
    );
    assert.equal(await outputOf(child), 'tcpSocket error true\nhttpGet error true\ngrpc error true\n');
  });

  it('an answer that came while the agent was stopped counts', async () => {
    const server = createServer((_, response) => {
      // It is stopped before it can read this, and goes on long after its timeout.
      child.kill('SIGSTOP');
      response.end('here');
      setTimeout(() => child.kill('SIGCONT'), 2000);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const child = prober(
      `console.log((await attempt(handlers.httpGet, { httpGet: { port: ${port} } }, { timeoutMs: 500 })).result);`,
    );
    assert.equal(await outputOf(child), 'success\n');
    server.close();
  });
});
