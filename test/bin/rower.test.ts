import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../../hack/root.ts';

const base = mkdtempSync(path.join(tmpdir(), 'rower-bin-'));
after(() => rmSync(base, { recursive: true }));

/** A project of the launcher and a bundle of this code. */
function project(name: string, bundle?: string): string {
  const directory = path.join(base, name);
  cpSync(path.join(ROOT, 'bin'), path.join(directory, 'bin'), { recursive: true });
  if (bundle !== undefined) {
    mkdirSync(path.join(directory, 'dist'));
    writeFileSync(path.join(directory, 'dist', 'rower.cjs'), bundle);
  }
  return directory;
}

/** A directory for PATH with the usual programs and this one as `node`. */
function programs(name: string, node?: string): string {
  const directory = path.join(base, name);
  mkdirSync(directory);
  for (const program of ['sh', 'readlink', 'dirname'])
    symlinkSync(`/usr/bin/${program}`, path.join(directory, program));
  if (node !== undefined) {
    writeFileSync(path.join(directory, 'node'), node);
    chmodSync(path.join(directory, 'node'), 0o755);
  }
  return directory;
}

const thisNode = `#!/bin/sh\nexec '${process.execPath}' "$@"\n`;
const TELL = 'console.log(JSON.stringify({ argv: process.argv.slice(2), pid: process.pid, version: process.version }))';

test('the launcher starts the bundle with its arguments, also through links to it', () => {
  const directory = project('a place with spaces', TELL);
  symlinkSync('bin/rower', path.join(directory, 'link'));
  symlinkSync(path.join(directory, 'link'), path.join(base, 'linked'));
  const PATH = programs('path-1', thisNode);
  for (const program of [path.join(directory, 'bin', 'rower'), path.join(base, 'linked')]) {
    const { stdout, stderr, status } = spawnSync(program, ['get', 'a b', '', '--x'], {
      env: { PATH },
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.deepEqual(JSON.parse(stdout).argv, ['get', 'a b', '', '--x']);
  }
});

test('the launcher becomes the program: its pid is the one that was started, and its status is passed on', async () => {
  const directory = project(
    'pid',
    `process.on('SIGTERM', () => process.exit(9)); setInterval(() => {}, 1000); ${TELL}`,
  );
  const child = spawn(path.join(directory, 'bin', 'rower'), { env: { PATH: programs('path-2', thisNode) } });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  assert.equal(JSON.parse(line.toString()).pid, child.pid);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [9, null]);
});

test('the Node that npm brought is taken before that of the machine', () => {
  const directory = project('own-node', TELL);
  const own = path.join(directory, 'node_modules', 'node-linux-any', 'bin');
  mkdirSync(own, { recursive: true });
  writeFileSync(path.join(own, 'node'), thisNode);
  chmodSync(path.join(own, 'node'), 0o755);
  const PATH = programs('path-3', '#!/bin/sh\necho the wrong one\n');
  const { stdout } = spawnSync(path.join(directory, 'bin', 'rower'), { env: { PATH }, encoding: 'utf8' });
  assert.equal(JSON.parse(stdout).version, process.version);
});

test('V8 runs without its optimising compilers', () => {
  const bundle = `require('node:v8').setFlagsFromString('--allow-natives-syntax');
    const hot = () => 1;
    for (let turn = 0; turn < 1e6; turn += 1) hot();
    console.log(new Function('hot', 'return %GetOptimizationStatus(hot)')(hot));`;
  const program = path.join(project('flags', bundle), 'bin', 'rower');
  const OPTIMISED = 1 << 4;
  const statusOf = (file: string, argv: string[]) =>
    Number(
      spawnSync(file, argv, { env: { PATH: programs(`path-flags-${argv.length}`, thisNode) }, encoding: 'utf8' })
        .stdout,
    );
  assert.equal(statusOf(program, []) & OPTIMISED, 0);
  assert.notEqual(statusOf(process.execPath, [path.join(base, 'flags', 'dist', 'rower.cjs')]) & OPTIMISED, 0);
});

const REFUSED: [string, string | undefined, string | undefined, RegExp, number][] = [
  [
    'a clone that is not built',
    thisNode,
    undefined,
    /^rower: .*\/dist\/rower\.cjs is missing: run 'npm run build' in /,
    1,
  ],
  [
    'a machine without Node',
    undefined,
    TELL,
    /^rower: there is no Node on this machine: install Node 24, or run 'npm ci' in /,
    127,
  ],
];

for (const [index, [name, node, bundle, wanted, wantedStatus]] of REFUSED.entries()) {
  test(`the launcher tells what to do about ${name}`, () => {
    const program = path.join(project(`refused-${index}`, bundle), 'bin', 'rower');
    const { stdout, stderr, status } = spawnSync(program, {
      env: { PATH: programs(`path-r${index}`, node) },
      encoding: 'utf8',
    });
    assert.equal(stdout, '');
    assert.match(stderr, wanted);
    assert.equal(stderr.split('\n').length, 2, stderr);
    assert.equal(status, wantedStatus);
  });
}

test('a Node that is too old is told so, before the bundle is loaded', () => {
  const directory = project('old', 'console.log("loaded")');
  const program = path.join(directory, 'bin', 'rower.cjs');
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '20.1.0' }); Object.defineProperty(process, 'version', { value: 'v20.1.0' }); require(${JSON.stringify(program)})`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--eval', pretend], { encoding: 'utf8' });
  assert.equal(stdout, '');
  assert.match(stderr, /^rower: Node 24 or newer is needed and this is v20\.1\.0: run 'npm ci' in /);
  assert.equal(status, 1);
});

test("malloc gives back what is freed, and the program's children know nothing of it", () => {
  const directory = project(
    'malloc',
    "console.log(JSON.stringify({ own: require('node:fs').readFileSync('/proc/self/environ', 'latin1'), env: process.env }))",
  );
  const { stdout } = spawnSync(path.join(directory, 'bin', 'rower'), [], {
    env: { PATH: programs('path-malloc', thisNode), MINE: '1' },
    encoding: 'utf8',
  });
  const { own, env } = JSON.parse(stdout);
  assert.match(own, /MALLOC_ARENA_MAX=1/);
  assert.equal(env.MINE, '1');
  assert.deepEqual(
    Object.keys(env).filter((name) => name.startsWith('MALLOC')),
    [],
  );
});
