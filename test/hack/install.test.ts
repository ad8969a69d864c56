import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../../hack/root.ts';

const base = mkdtempSync(path.join(tmpdir(), 'rower-install-'));
after(() => rmSync(base, { recursive: true }));

interface LockEntry {
  version?: string;
  optional?: boolean;
}

const OWN_NODE = `node_modules/node-${process.platform}-${process.arch}`;
const LOCK: Record<string, LockEntry> = {
  '': { version: '0.1.0' },
  'node_modules/a': { version: '1.0.0' },
  'node_modules/other-platform': { version: '1.0.0', optional: true },
};

let count = 0;
/** A project with this lock file, these installed packages, and an `npm` that only notes that it was called. */
function project(
  installed: Record<string, LockEntry> | undefined,
  npm = 'echo "npm $*" >&2',
): { directory: string; PATH: string } {
  count += 1;
  const directory = path.join(base, String(count));
  mkdirSync(path.join(directory, 'hack'), { recursive: true });
  mkdirSync(path.join(directory, 'programs'));
  cpSync(path.join(ROOT, 'hack', 'install.mjs'), path.join(directory, 'hack', 'install.mjs'));
  writeFileSync(path.join(directory, 'package-lock.json'), JSON.stringify({ packages: LOCK }));
  writeFileSync(path.join(directory, 'programs', 'npm'), `#!/bin/sh\n${npm}\n`);
  chmodSync(path.join(directory, 'programs', 'npm'), 0o755);
  writeFileSync(
    path.join(directory, 'hack', 'tell.mjs'),
    'console.log(JSON.stringify(process.argv.slice(2)), process.execPath)',
  );
  if (installed) {
    for (const name of Object.keys(installed)) mkdirSync(path.join(directory, name), { recursive: true });
    writeFileSync(path.join(directory, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }));
  }
  return { directory, PATH: `${path.join(directory, 'programs')}:/usr/bin:/bin` };
}

function install({ directory, PATH }: ReturnType<typeof project>, ...argv: string[]) {
  return spawnSync(process.execPath, [path.join(directory, 'hack', 'install.mjs'), ...argv], {
    env: { PATH },
    encoding: 'utf8',
  });
}

const CASES: [string, Record<string, LockEntry> | undefined, boolean][] = [
  ['nothing is installed', undefined, true],
  ['everything is installed, but for packages of other platforms', { 'node_modules/a': { version: '1.0.0' } }, false],
  ['a package has another version', { 'node_modules/a': { version: '1.0.1' } }, true],
  ['a package is missing', { 'node_modules/b': { version: '1.0.0' } }, true],
];

for (const [name, installed, wanted] of CASES) {
  test(`npm ci ${wanted ? 'runs' : 'does not run'} when ${name}`, () => {
    const { stdout, stderr, status } = install(project(installed), 'hack/tell.mjs', 'a b', '--c');
    assert.equal(/^npm ci /m.test(stderr), wanted, stderr);
    assert.equal(stdout, `["a b","--c"] ${process.execPath}\n`);
    assert.equal(status, 0);
  });
}

test('a package whose directory was deleted is installed again', () => {
  const made = project({ 'node_modules/a': { version: '1.0.0' } });
  rmSync(path.join(made.directory, 'node_modules', 'a'), { recursive: true });
  assert.match(install(made).stderr, /^npm ci /m);
});

test('when npm fails nothing else is run, and the failure is told', () => {
  const { stdout, stderr, status } = install(project(undefined, 'exit 1'), 'hack/tell.mjs');
  assert.equal(stdout, '');
  assert.match(stderr, /rower: npm ci failed/);
  assert.equal(status, 1);
});

test('the script runs on the Node that npm brought, and there is a link to it', () => {
  const made = project({ 'node_modules/a': { version: '1.0.0' } });
  const own = path.join(made.directory, OWN_NODE, 'bin', 'node');
  mkdirSync(path.dirname(own), { recursive: true });
  writeFileSync(own, '#!/bin/sh\necho "own node $*"\n');
  chmodSync(own, 0o755);
  assert.equal(install(made, 'hack/tell.mjs', 'x').stdout, 'own node hack/tell.mjs x\n');
  const link = path.join(made.directory, 'node_modules', '.bin', 'node');
  assert.ok(existsSync(link));
  assert.equal(readlinkSync(link), own);
});

test('the status of the script is passed on, and so is SIGTERM to it', async () => {
  const made = project({ 'node_modules/a': { version: '1.0.0' } });
  writeFileSync(path.join(made.directory, 'hack', 'end.mjs'), 'process.exit(3)');
  assert.equal(install(made, 'hack/end.mjs').status, 3);

  const waiting = "process.on('SIGTERM', () => process.exit(5)); setInterval(() => {}, 1000); console.log('ready')";
  writeFileSync(path.join(made.directory, 'hack', 'wait.mjs'), waiting);
  const child = spawn(process.execPath, [path.join(made.directory, 'hack', 'install.mjs'), 'hack/wait.mjs'], {
    env: { PATH: made.PATH },
  });
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [5, null]);
});
