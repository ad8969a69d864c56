/** The unit of systemd that comes with the project. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from './kubelet/temporary.ts';

const UNIT = readFileSync(join(import.meta.dirname, '../packaging/rower.service'), 'utf8');
const INSTALLED = '/usr/local/lib/rower/bin/rower';

test('systemd finds nothing to complain of', async (t) => {
  const file = join(await temporaryDirectory(t), 'rower.service');
  assert.ok(UNIT.includes(`ExecStart=${INSTALLED} run `));
  writeFileSync(file, UNIT.replaceAll(INSTALLED, join(import.meta.dirname, '../bin/rower')));
  const verify = ['verify', '--recursive-errors=no', '--man=no', file];
  assert.equal(execFileSync('systemd-analyze', verify, { encoding: 'utf8', stdio: 'pipe' }), '');
});

test('nothing in it hides the mounts of the agent from the runtime, or ends what it started', () => {
  const lines = UNIT.split('\n').filter((line) => /^[A-Z]/.test(line));
  const inNamespace =
    /^(Protect|Private|ReadOnly|ReadWrite|Inaccessible|Bind|Root|Mount|TemporaryFileSystem|DynamicUser)/;
  assert.deepEqual(
    lines.filter((line) => inNamespace.test(line)),
    [],
  );
  for (const line of ['Type=notify', 'NotifyAccess=main', 'KillMode=process', 'RestartPreventExitStatus=2'])
    assert.ok(lines.includes(line), line);
});
