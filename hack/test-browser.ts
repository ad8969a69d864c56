/**
 * Tests the page in a real browser. Installs Debian's Chromium where there is none and that can be done.
 *
 *     npm run test:browser
 *     SCREENSHOTS=1 npm run test:browser      makes the pictures in docs/images anew
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { ROOT } from './root.ts';

const CHROMIUM = '/usr/bin/chromium';
const APT_GET = '/usr/bin/apt-get';

if (!existsSync(CHROMIUM) && existsSync(APT_GET) && process.getuid?.() === 0) {
  console.error('Installing Debian package chromium …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const argv of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', 'chromium'],
  ]) {
    spawnSync(APT_GET, argv, { env, stdio: ['ignore', 2, 2] });
  }
}
const files = globSync('test/browser/*.test.ts', { cwd: ROOT });
const { status } = spawnSync(process.execPath, ['--test', ...files], { cwd: ROOT, stdio: 'inherit' });
process.exitCode = status ?? 1;
