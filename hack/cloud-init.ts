/**
 * Debian's cloud-init, unpacked into a temporary directory and never installed, as a second opinion for the tests of metadata.
 *
 *     npm run test:cloud-init
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { ROOT } from './root.ts';

const PACKAGES = ['cloud-init', 'python3-yaml', 'python3-configobj'];
const TEST = 'test/cloud-init/cloud-init.test.ts';
const APT = ['-o', 'APT::Sandbox::User=root', '-qq'];

/** Puts the packages' files below `directory`. Throws when apt-get cannot get them. */
export function unpackDebian(packages: readonly string[], directory: string): void {
  execFileSync('apt-get', [...APT, 'download', ...packages], { cwd: directory, stdio: ['ignore', 2, 2] });
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.deb')))
    execFileSync('dpkg-deb', ['-x', join(directory, file), directory], { stdio: ['ignore', 2, 2] });
}

if (import.meta.main) {
  const directory = mkdtempSync(join(tmpdir(), 'rower-cloud-init-'));
  try {
    unpackDebian(PACKAGES, directory);
    const env = { ...process.env, ROWER_CLOUD_INIT: directory };
    const argv = ['--test', '--test-timeout=300000', TEST];
    process.exitCode = spawnSync(process.execPath, argv, { cwd: ROOT, env, stdio: 'inherit' }).status ?? 1;
  } catch (error) {
    console.error(`cloud-init cannot be had: ${(error as Error).message}`);
    process.exitCode = 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
