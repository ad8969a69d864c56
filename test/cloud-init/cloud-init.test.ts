/**
 * cloud-init as a second opinion: its ds-identify about what a machine is, its parser about what a message holds. Runs where
 * cloud-init is installed or was unpacked for it: `npm run test:cloud-init`.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ingest } from '../../src/metadata/ingest/ingest.ts';
import { detect, parseSelection } from '../../src/metadata/select.ts';
import { makeMachine } from '../metadata/machine.ts';
import { MACHINES } from '../metadata/machines.ts';

const UNPACKED = process.env.ROWER_CLOUD_INIT ?? '/';
const DS_IDENTIFY = ['usr/lib/cloud-init/ds-identify', 'usr/libexec/cloud-init/ds-identify']
  .map((path) => join(UNPACKED, path))
  .find(existsSync);
const PYTHON = '/usr/bin/python3';
const MODULES = join(UNPACKED, 'usr/lib/python3/dist-packages');
const skip = DS_IDENTIFY ? false : 'cloud-init is not here: npm run test:cloud-init';

/** cloud-init's name of what a provider of ours asks. */
const NAMES: Readonly<Record<string, string>> = {
  aliyun: 'AliYun',
  azure: 'Azure',
  cloudstack: 'CloudStack',
  configdrive: 'ConfigDrive',
  digitalocean: 'DigitalOcean',
  ec2: 'Ec2',
  'ec2-compat': 'Ec2',
  exoscale: 'Exoscale',
  gce: 'GCE',
  hetzner: 'Hetzner',
  lxd: 'LXD',
  nocloud: 'NoCloud',
  opennebula: 'OpenNebula',
  openstack: 'OpenStack',
  oracle: 'Oracle',
  ovf: 'OVF',
  scaleway: 'Scaleway',
  upcloud: 'UpCloud',
  vmware: 'VMware',
  vultr: 'Vultr',
};

/** Where the two differ, and why. Each must differ: what does not any more goes. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'EC2 with the other byte order': 'ds-identify of Debian 12 knows one byte order only',
  'EC2 with cloud-init': 'cloud-init does not ask itself',
  'EC2 with a URL on its command line': 'a word of ours; and the vendor alone does not make it EC2 for cloud-init',
  VMware: 'cloud-init asks the tools of VMware first, which are not here',
  VirtualBox: 'cloud-init does not read guest properties',
  Akamai: 'newer than cloud-init of Debian 12',
  'a virtual machine of LXD, before its socket is there': 'newer than cloud-init of Debian 12',
  'Incus or LXD': 'a file stands for the socket here',
  'a disc without a label that udev knows, which is not read': 'blkid reads all devices',
};

/** What blkid says of the devices of this machine, by the real one on the same bytes; and that it is a virtual machine. */
async function programsFor(root: string): Promise<string> {
  const bin = join(root, 'bin');
  await mkdir(bin, { recursive: true });
  const devices = globSync('dev/{sr,vd,sd}*', { cwd: root });
  const script = devices.map(
    (path) => `/usr/sbin/blkid -p -o export '${join(root, path)}' | sed 's,^DEVNAME=.*,DEVNAME=/${path},'; echo`,
  );
  await writeFile(join(bin, 'blkid'), `#!/bin/sh\n${script.join('\n')}\n:\n`);
  await writeFile(join(bin, 'systemd-detect-virt'), '#!/bin/sh\necho kvm\n');
  for (const name of ['blkid', 'systemd-detect-virt']) await chmod(join(bin, name), 0o755);
  return bin;
}

/** The first of ds-identify's list; undefined when it finds none. */
async function identified(root: string): Promise<string | undefined> {
  const bin = await programsFor(root);
  const env = {
    PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
    PATH_ROOT: root,
    DEBUG_LEVEL: '0',
  };
  try {
    execFileSync('sh', [DS_IDENTIFY ?? '', '--force'], { env, stdio: ['ignore', 'ignore', 'ignore'] });
  } catch {
    return undefined;
  }
  const text = await readFile(join(root, 'run/cloud-init/cloud.cfg'), 'utf8').catch(() => '');
  const [, first] = /datasource_list:\s*\[\s*([A-Za-z0-9]+)/.exec(text) ?? [];
  return first === 'None' ? undefined : first;
}

test('the differences are about machines that there are', () => {
  for (const what of Object.keys(DIFFERENT)) assert.ok(Object.hasOwn(MACHINES, what), what);
});

for (const [what, [given]] of Object.entries(MACHINES)) {
  const reason = DIFFERENT[what];
  test(`ds-identify ${reason === undefined ? 'agrees on' : 'differs on'} ${what}`, { skip }, async (t) => {
    // The kernel ends each with a line end, and the shell reads nothing without one.
    const lines = Object.entries(given.dmi ?? {}).map(([name, value]) => [
      name,
      typeof value === 'string' ? `${value.trim()}\n` : value,
    ]);
    const machine = await makeMachine(t, { ...given, dmi: Object.fromEntries(lines) });
    const ours = (await detect(parseSelection('auto'), machine)).chosen?.provider.name;
    // It runs as a part of a boot: these are there on every machine.
    for (const [path, content] of [
      ['/proc/uptime', '1.0 1.0\n'],
      ['/proc/1/cmdline', 'init\0'],
      ['/etc/cloud/cloud.cfg', ''],
    ] as const) {
      await mkdir(join(machine.root, path, '..'), { recursive: true });
      await writeFile(join(machine.root, path), content);
    }
    if (!given.commandLine) await writeFile(join(machine.root, 'proc/cmdline'), 'root=/dev/vda1\n');
    const theirs = await identified(machine.root);
    const expected = ours === undefined ? undefined : (NAMES[ours] ?? ours);
    if (reason === undefined) assert.equal(theirs, expected);
    else assert.notEqual(theirs, expected, 'they agree now: take it out of the differences');
  });
}

const POD = (name: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: a, image: b}]}\n`;
const mime = (boundary: string, parts: string[], more = '') =>
  `${more}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="${boundary}"\n\n${parts.map((part) => `--${boundary}\n${part}\n`).join('')}--${boundary}--\n`;
const part = (name: string, headers: string, body: string) =>
  `Content-Disposition: attachment; filename="${name}.yaml"\n${headers}\n\n${body}`;
const base64 = (bytes: Uint8Array | string) =>
  (
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,76}/g) ?? []
  ).join('\n');
const TYPE = 'Content-Type: text/plain; charset="utf-8"';

const MESSAGES: Record<string, string | Uint8Array> = {
  'two parts': mime('b', [part('one', TYPE, POD('one')), part('two', TYPE, POD('two'))]),
  'gzip around all': gzipSync(mime('b', [part('one', TYPE, POD('one'))])),
  'nested messages': mime('o', [
    part('one', TYPE, POD('one')),
    mime('i', [part('two', TYPE, POD('two'))]).replace('MIME-Version: 1.0\n', ''),
  ]),
  base64: mime('b', [part('one', `${TYPE}\nContent-Transfer-Encoding: base64`, base64(POD('one')))]),
  'gzip inside base64': mime('b', [
    part('one', 'Content-Type: application/gzip\nContent-Transfer-Encoding: base64', base64(gzipSync(POD('one')))),
  ]),
  'quoted-printable': mime('b', [
    part(
      'one',
      `${TYPE}\nContent-Transfer-Encoding: quoted-printable`,
      POD('one').replaceAll('=', '=3D').replace('kind', '=6Bind'),
    ),
  ]),
  'carriage returns': mime('MIMEBOUNDARY', [part('one', TYPE, POD('one')), part('two', TYPE, POD('two'))]).replaceAll(
    '\n',
    '\r\n',
  ),
  'a preamble and lines between': mime('b', [part('one', TYPE, POD('one'))]).replace(
    '\n\n--b',
    '\n\nThis is a message.\n\n--b',
  ),
  'mail headers first': mime('b', [part('one', TYPE, POD('one'))], 'From nobody Thu Jan  1 00:00:00 1970\n'),
  'a part without a type': mime('b', [part('one', 'X-Other: 1', POD('one'))]),
};

/** cloud-init's parts, with what it needs of other packages only to fetch URLs left out. */
const SCRIPT = `
import sys, json, types
from unittest.mock import MagicMock
sys.path.insert(0, ${JSON.stringify(MODULES)})
for name in ('requests', 'requests.exceptions', 'oauthlib', 'netifaces', 'configobj', 'jsonschema', 'jinja2'):
    try: __import__(name)
    except ImportError: sys.modules[name] = MagicMock()
import cloudinit.util
from cloudinit.user_data import UserDataProcessor
message = UserDataProcessor(types.SimpleNamespace(get_ipath_cur=lambda name: '/nowhere', get_cpath=lambda name: '/nowhere')).process(sys.stdin.buffer.read())
found = []
for part in message.walk():
    if part.get_content_maintype() == 'multipart': continue
    body = part.get_payload(decode=True)
    found.append([part.get_filename(), body.decode('utf-8')])
print(json.dumps(found))
`;

for (const [what, given] of Object.entries(MESSAGES)) {
  test(`cloud-init finds the same parts: ${what}`, { skip }, (t: TestContext) => {
    const found: string = execFileSync(PYTHON, ['-c', SCRIPT], { input: given, encoding: 'utf8' });
    const theirs = (JSON.parse(found) as [string | null, string][]).map(([name, text]) => [
      name,
      text.replaceAll('\r\n', '\n').trim(),
    ]);
    const ours = ingest(Buffer.from(given as string), { provider: 'x', nodeName: 'n', manifestDirectory: '/etc/pods' });
    assert.deepEqual(ours.problems, []);
    t.diagnostic(`${theirs.length} parts`);
    assert.ok(theirs.length > 0);
    assert.deepEqual(
      ours.files.map(({ name, text }) => [name, text.replaceAll('\r\n', '\n').trim()]),
      theirs,
    );
  });
}
