import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildBundle } from '../../hack/build.ts';

describe('The bundle', () => {
  let directory = '';
  before(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'rower-build-'));
    await buildBundle(directory);
  });
  after(() => rmSync(directory, { recursive: true }));

  it('runs without node_modules, packages that are cut short included', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [
      path.join(directory, 'rower.cjs'),
      'run',
      '--help',
    ]);
    assert.equal(String(stderr), '');
    assert.match(String(stdout), /--pod-manifest-path/);
    assert.equal(status, 0);
  });

  it('loads what few machines need from beside it', () => {
    const require = createRequire(path.join(directory, 'rower.cjs'));
    const code = readFileSync(path.join(directory, 'rower.cjs'), 'utf8');
    assert.match(code, /require\("\.\/age\.cjs"\)/);
    assert.match(code, /require\("\.\/openapi\.cjs"\)/);
    assert.equal(typeof require('./age.cjs').Decrypter, 'function');
    assert.notDeepEqual(Object.keys(require('./openapi.cjs')), []);
  });
});
