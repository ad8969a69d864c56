/** A guest for `test-qemu.ts`: Debian's QEMU and cloud kernel, unpacked and not installed, and a root in memory. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { unpackDebian } from './cloud-init.ts';

/** What a guest needs for an IDE disc drive and for what firmware and hypervisor say. */
const MODULES = ['ata_piix', 'sr_mod', 'qemu_fw_cfg'];
const BOOT_LIMIT_MS = 240_000;

export interface Guest {
  qemu: string;
  libraries: string[];
  data: string[];
  kernel: string;
  initrd: string;
}

/** Fetches what the machine does not have into `directory`. Throws when apt-get cannot get it. */
export function fetchGuest(
  directory: string,
  log: (line: string) => void,
): Omit<Guest, 'initrd'> & { modules: string[] } {
  const [qemuDir, kernelDir] = [path.join(directory, 'qemu'), path.join(directory, 'kernel')];
  for (const one of [qemuDir, kernelDir]) mkdirSync(path.join(one, 'partial'), { recursive: true });
  const installed = ['/usr/bin/qemu-system-x86_64', '/usr/local/bin/qemu-system-x86_64'].find(existsSync);
  if (!installed) {
    log('Fetching QEMU …');
    const options = ['-o', `Dir::Cache::archives=${qemuDir}`, '-o', 'APT::Sandbox::User=root', '-qq', '-y'];
    const argv = ['install', '--no-install-recommends', '--download-only', ...options, 'qemu-system-x86'];
    execFileSync('apt-get', argv, { stdio: ['ignore', 2, 2] });
    for (const file of globSync('*.deb', { cwd: qemuDir }))
      execFileSync('dpkg-deb', ['-x', path.join(qemuDir, file), qemuDir], { stdio: ['ignore', 2, 2] });
  }
  log("Fetching Debian's cloud kernel …");
  const about = execFileSync('apt-cache', ['depends', 'linux-image-cloud-amd64'], { encoding: 'utf8' });
  const kernelPackage = /Depends: (linux-image-\S+)/.exec(about)?.[1];
  if (kernelPackage === undefined) throw new Error('apt-cache knows no linux-image-cloud-amd64');
  unpackDebian([kernelPackage], kernelDir);
  const kernel = globSync('boot/vmlinuz-*', { cwd: kernelDir })[0];
  if (kernel === undefined) throw new Error(`${kernelPackage} has no kernel`);
  return {
    qemu: installed ?? path.join(qemuDir, 'usr/bin/qemu-system-x86_64'),
    libraries: installed ? [] : ['usr/lib', 'lib'].map((name) => path.join(qemuDir, name, 'x86_64-linux-gnu')),
    data: installed ? [] : ['qemu', 'seabios', 'ipxe'].map((name) => path.join(qemuDir, 'usr/share', name)),
    kernel: path.join(kernelDir, kernel),
    modules: withDependencies(kernelDir),
  };
}

/** Files of the modules, each after the ones it depends on. */
function withDependencies(kernelDir: string): string[] {
  const files = new Map(
    globSync('**/*.ko', { cwd: kernelDir }).map((file) => [path.basename(file, '.ko').replaceAll('-', '_'), file]),
  );
  const found: string[] = [];
  const add = (name: string) => {
    const file = files.get(name.replaceAll('-', '_'));
    // A part of the kernel itself.
    if (file === undefined || found.includes(path.join(kernelDir, file))) return;
    const text = readFileSync(path.join(kernelDir, file), 'latin1');
    for (const one of (/\0depends=([^\0]*)\0/.exec(text)?.[1] ?? '').split(',')) if (one !== '') add(one);
    found.push(path.join(kernelDir, file));
  };
  for (const name of MODULES) add(name);
  return found;
}

export interface InitrdInput {
  modules: readonly string[];
  /** Run by busybox's shell when everything is there. */
  script: string;
  /** Path in the guest → path here. */
  files: Readonly<Record<string, string>>;
}

/** Node with its libraries, busybox, and an init that runs the script and switches the machine off. */
export function writeInitrd(file: string, { modules, script, files }: InitrdInput): void {
  const node = realpathSync(process.execPath);
  const libraries = execFileSync('ldd', [node], { encoding: 'utf8' }).match(/\/\S+\.so\S*/g) ?? [];
  const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
${modules.map((one) => `insmod /modules/${path.basename(one)}`).join('\n')}
${script}
poweroff -f
`;
  const entries: [name: string, mode: number, content: Buffer][] = [
    ['init', 0o100755, Buffer.from(init)],
    ['bin/busybox', 0o100755, readFileSync('/bin/busybox')],
    ['bin/node', 0o100755, readFileSync(node)],
    ...libraries.map((one): [string, number, Buffer] => [one.slice(1), 0o100755, readFileSync(one)]),
    ...modules.map((one): [string, number, Buffer] => [`modules/${path.basename(one)}`, 0o100644, readFileSync(one)]),
    ...Object.entries(files).map(([name, from]): [string, number, Buffer] => [name, 0o100644, readFileSync(from)]),
  ];
  const directories = new Set(['proc', 'sys', 'dev', 'tmp', 'etc']);
  for (const [name] of entries)
    for (let one = path.dirname(name); one !== '.'; one = path.dirname(one)) directories.add(one);
  const all: [string, number, Buffer][] = [
    ...[...directories].sort().map((name): [string, number, Buffer] => [name, 0o40755, Buffer.alloc(0)]),
    ...entries,
    ['TRAILER!!!', 0, Buffer.alloc(0)],
  ];
  writeFileSync(
    file,
    Buffer.concat(all.flatMap(([name, mode, content], index) => cpioEntry(index + 1, name, mode, content))),
  );
}

/** The "newc" form of cpio(5). */
function cpioEntry(inode: number, name: string, mode: number, content: Buffer): Buffer[] {
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = Buffer.from(`070701${fields.map((one) => one.toString(16).padStart(8, '0')).join('')}${name}\0`);
  return [padded(head), padded(content)];
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

/** Boots it with these arguments; resolves to what it said on its serial line when it has switched itself off. */
export function boot({ qemu, libraries, data, kernel, initrd }: Guest, more: readonly string[]): Promise<string> {
  const argv = [
    ...['-machine', 'pc', '-accel', 'tcg', '-cpu', 'max', '-m', '1024', '-nodefaults', '-nic', 'none'],
    ...['-display', 'none', '-serial', 'stdio', '-no-reboot'],
    ...data.filter((one) => existsSync(one) && readdirSync(one).length > 0).flatMap((one) => ['-L', one]),
    ...['-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 quiet panic=-1 rdinit=/init'],
    ...more,
  ];
  const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(':') };
  return new Promise((resolve, reject) => {
    const child = spawn(qemu, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const late = setTimeout(() => child.kill('SIGKILL'), BOOT_LIMIT_MS);
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(late);
      if (status === 0) resolve(said.replaceAll('\r', ''));
      else reject(new Error(`QEMU ended with ${status}:\n${said.slice(-4000)}`));
    });
  });
}
