'use strict';
// The launcher: flags that bound V8's memory must be set before the program is loaded (docs/decisions/0001-packaging.md).
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const v8 = require('node:v8');

const bundle = join(__dirname, '..', 'dist', 'rower.cjs');
const major = Number.parseInt(process.versions.node, 10);
if (major < 24)
  fail(`Node 24 or newer is needed and this is ${process.version}: run 'npm ci' in ${join(__dirname, '..')}`);
if (!existsSync(bundle)) fail(`${bundle} is missing: run 'npm run build' in ${join(__dirname, '..')}`);

const FLAGS = [
  ...['--no-opt', '--no-maglev', '--no-sparkplug', '--optimize-for-size', '--semi-space-growth-factor=1'],
  ...['--heap-growing-percent=10', '--bytecode-old-age=2'],
];
for (const flag of FLAGS) v8.setFlagsFromString(flag);
// Set by bin/rower for this process alone.
for (const name of Object.keys(process.env)) if (name.startsWith('MALLOC_')) delete process.env[name];
require(bundle);

function fail(message) {
  process.stderr.write(`rower: ${message}\n`);
  process.exit(1);
}
