/** `rower logs` reads below the directory of logs, whatever it is asked for. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../src/cli/main.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';

test('no name leads out of the directory of logs', async (t) => {
  const directory = await temporaryDirectory(t);
  const logs = join(directory, 'logs');
  const line = '2026-01-01T00:00:00Z stdout F SECRET\n';
  for (const place of ['', 'main', 'default_x_u/main', 'logs/default_web-n1_u1']) {
    mkdirSync(join(directory, place), { recursive: true });
    writeFileSync(join(directory, place, '0.log'), line);
  }
  mkdirSync(join(logs, 'default_web-n1_u1/main'), { recursive: true });
  writeFileSync(join(logs, 'default_web-n1_u1/main/0.log'), line.replace('SECRET', 'mine'));
  const asked = ['..', '../main', '../default_x_u', 'web/../..', '/', '.', '..\0', '*'].flatMap((name) => [
    [name],
    ['web', '-c', name],
    ['web', '-n', name],
    [name, '-c', '..'],
    ['x', '-n', `../${name}`],
  ]);
  for (const args of asked) {
    let stdout = '';
    const io = {
      stdout(text: string) {
        stdout += text;
      },
      stderr() {},
      env: {},
    };
    const status = await main(['logs', ...args, '--server', 'http://127.0.0.1:1', '--pod-logs-dir', logs], io);
    assert.deepEqual([status === 0, stdout], [false, ''], JSON.stringify(args));
  }
});
