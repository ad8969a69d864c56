/**
 * Brings what package-lock.json asks for into node_modules, then runs a script on the project's own Node:
 *
 *     node hack/install.mjs [SCRIPT.ts [ARGUMENT…]]
 *
 * It runs before anything is installed, on whatever Node the machine has: plain JavaScript, no dependencies.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_MAJOR = 24;

/** Whether node_modules holds the versions of the lock file. Packages for other machines may be absent. */
function isInstalled() {
  const wanted = readLock('package-lock.json');
  const found = readLock('node_modules/.package-lock.json');
  if (!wanted || !found) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const has = found[path];
    return has ? has.version === entry.version && existsSync(join(root, path)) : entry.optional === true;
  });
}

function readLock(name) {
  try {
    return JSON.parse(readFileSync(join(root, name), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function install() {
  console.error('Installing npm packages (npm ci) …');
  const npm = spawnSync('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (npm.error) fail(`npm could not be started: ${npm.error.message}`);
  if (npm.status !== 0) fail('npm ci failed; is the npm registry reachable? See its messages above.');
}

/** The Node that the project brings along, else the one that runs this if it is new enough. */
function findNode() {
  const own = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(own)) {
    linkNode(own);
    return own;
  }
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_MAJOR) return process.execPath;
  return fail(
    `Node ${OLDEST_MAJOR} or newer is needed and this is ${process.version}. ` +
      `There is no npm package of it for ${process.platform}-${process.arch}: install Node ${OLDEST_MAJOR} and try again.`,
  );
}

/** npm 10 leaves this link out when two packages offer the same program. */
function linkNode(own) {
  const link = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(own, link);
}

function fail(message) {
  console.error(`rower: ${message}`);
  process.exit(1);
}

/** Runs the script in the foreground; its end is ours. Ctrl-C reaches it by the terminal, other signals by us. */
function run(node, argv) {
  const child = spawn(node, argv, { cwd: root, stdio: 'inherit' });
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${node} could not be started: ${error.message}`));
  child.on('exit', (status, signal) => {
    process.exitCode = status ?? 128 + constants.signals[signal];
  });
}

if (!isInstalled()) install();
const node = findNode();
const [script, ...rest] = process.argv.slice(2);
if (script !== undefined) run(node, [script, ...rest]);
