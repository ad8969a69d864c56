/**
 * Installs the Debian packages that containers need here, where that can be done.
 *
 *     node hack/install-debian.ts
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { containerdProblems } from './containerd-problems.ts';

const APT_GET = '/usr/bin/apt-get';

/** Names of Debian packages that the problems ask for. */
export function packagesFor(problems: readonly string[]): string[] {
  const names = problems.flatMap((problem) => /apt-get install ([\w.+-]+)/.exec(problem)?.[1] ?? []);
  return [...new Set(names)].sort();
}

/** Programs that tests use beside what containers need, and the Debian packages that bring them. */
const TEST_PROGRAMS: Readonly<Record<string, string>> = {
  age: 'age',
  'docker-registry': 'docker-registry',
  genisoimage: 'genisoimage',
  git: 'git',
  ip: 'iproute2',
  mcopy: 'mtools',
  'mkfs.vfat': 'dosfstools',
  minisign: 'minisign',
  nft: 'nftables',
  openssl: 'openssl',
  'ssh-keygen': 'openssh-client',
  'systemd-analyze': 'systemd',
  'systemd-notify': 'systemd',
  xorriso: 'xorriso',
};

/** Installs what tests use and this machine does not have. What cannot be had is told by the tests that need it. */
export function installForTests(log: (line: string) => void): void {
  const dirs = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  const missing = Object.keys(TEST_PROGRAMS).filter((name) => !dirs.some((dir) => existsSync(`${dir}/${name}`)));
  if (missing.length === 0 || process.getuid?.() !== 0 || !existsSync(APT_GET)) return;
  const packages = missing.map((name) => TEST_PROGRAMS[name] as string);
  log(`Installing Debian packages for tests: ${packages.join(' ')} …`);
  aptGet(['update', '-q']);
  aptGet(['install', '-q', '-y', '--no-install-recommends', ...packages]);
}

/** What still keeps this machine from running containers after installing what is missing. Empty when nothing does. */
export function installForContainers(log: (line: string) => void): string[] {
  const problems = containerdProblems();
  const packages = packagesFor(problems);
  if (packages.length === 0 || process.getuid?.() !== 0 || !existsSync(APT_GET)) return problems;
  log(`Installing Debian packages: ${packages.join(' ')} …`);
  // Lists may be old or absent; if they cannot be had, what is there may do.
  aptGet(['update', '-q']);
  if (!aptGet(['install', '-q', '-y', '--no-install-recommends', ...packages]))
    log('apt-get failed; see its messages above.');
  return containerdProblems();
}

function aptGet(argv: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(APT_GET, argv, { env, stdio: ['ignore', 2, 2] }).status === 0;
}

if (import.meta.main) {
  const problems = installForContainers(console.error);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
