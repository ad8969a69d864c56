/** What keeps this machine from running a private containerd, in words for people. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { busyboxPath } from './images.ts';

const programs: Record<string, string> = {
  containerd: 'containerd',
  ctr: 'containerd',
  'containerd-shim-runc-v2': 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  ip: 'iproute2',
  umount: 'mount',
};
const plugins = ['bridge', 'host-local', 'loopback', 'portmap'];
const pluginDirs = ['/usr/lib/cni', '/opt/cni/bin'];
const capabilities = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_SYS_RESOURCE: 24 } as const;

/** The directory that holds the CNI plugins; undefined when none has all that are needed. */
export function cniBinDir(): string | undefined {
  return pluginDirs.find((dir) => plugins.every((name) => existsSync(join(dir, name))));
}

export function hasCapability(name: keyof typeof capabilities): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> BigInt(capabilities[name])) & 1n) === 1n;
}

/** Empty when a private containerd can run. */
export function containerdProblems(): string[] {
  if (process.platform !== 'linux') return [`containers need Linux, this is ${process.platform}`];
  const problems: string[] = [];
  if (process.getuid?.() !== 0) problems.push('not root: run it as root');
  for (const name of ['CAP_SYS_ADMIN', 'CAP_NET_ADMIN'] as const) {
    if (!hasCapability(name))
      problems.push(`the capability ${name} is missing: run it outside of a restricted container`);
  }
  if (!ownsAllUsers()) problems.push('inside a user namespace: run it in the initial one');
  for (const [name, debianPackage] of Object.entries(programs)) {
    if (!onPath(name)) problems.push(`${name} is not installed: apt-get install ${debianPackage}`);
  }
  if (!cniBinDir()) {
    problems.push(
      `no CNI plugins (${plugins.join(', ')}) in ${pluginDirs.join(' or ')}: apt-get install containernetworking-plugins`,
    );
  }
  if (!isStatic(busyboxPath)) problems.push(`${busyboxPath} is missing or not static: apt-get install busybox-static`);
  if (problems.length === 0 && !canMakeCgroup())
    problems.push('cgroups under /sys/fs/cgroup cannot be made: they must be mounted and writable');
  return problems;
}

function onPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** An ELF file that names no interpreter in its program headers needs no libraries. */
function isStatic(path: string): boolean {
  if (!existsSync(path)) return false;
  const elf = readFileSync(path);
  if (elf.readUInt32BE(0) !== 0x7f454c46) return false;
  const [offset, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)];
  const interpreter = 3;
  return !Array.from({ length: count }, (_, index) => elf.readUInt32LE(offset + index * size)).includes(interpreter);
}

function ownsAllUsers(): boolean {
  return /^\s*0\s+0\s+4294967295$/m.test(readFileSync('/proc/self/uid_map', 'utf8'));
}

/** The hierarchy to try: version 1 has one per controller, version 2 a single one. */
function canMakeCgroup(): boolean {
  const parent = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'].find((dir) => existsSync(dir)) ?? '/sys/fs/cgroup';
  const probe = join(parent, `private-probe-${process.pid}`);
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}
