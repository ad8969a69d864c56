/**
 * `rower metadata` on virtual machines whose firmware strings, firmware configuration, SMBIOS strings and disc are real.
 * QEMU (emulating, so anywhere) and the kernel are fetched into a temporary directory and never installed.
 *
 *     npm run test:qemu
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { boot, fetchGuest, type Guest, writeInitrd } from './qemu-guest.ts';
import { ROOT } from './root.ts';

const pod = (name: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: main, image: "x:1"}]}\n`;

/** Waits for a disc if there is a drive; then both commands, marked. */
const SCRIPT = `for try in 1 2 3 4 5 6 7 8 9 10; do [ -b /dev/sr0 ] && break; grep -q . /sys/bus/scsi/devices/*/type 2>/dev/null || sleep 0.3; done
for command in explain fetch; do
  echo "<$command>"
  node /rower.cjs metadata $command --metadata auto 2>&1
  echo "</$command $?>"
done`;

interface Case {
  what: string;
  qemu: string[];
  explain: RegExp[];
  status: number;
  fetched?: string;
}

function cases(directory: string): Case[] {
  const file = (name: string, content: string) => {
    writeFileSync(path.join(directory, name), content);
    return path.join(directory, name);
  };
  const seed = path.join(directory, 'seed');
  mkdirSync(seed);
  writeFileSync(path.join(seed, 'user-data'), pod('from-disc'));
  writeFileSync(path.join(seed, 'meta-data'), 'instance-id: disc-1\nlocal-hostname: guest\n');
  const disc = path.join(directory, 'cidata.iso');
  const flags = ['-as', 'mkisofs', '-quiet', '-R', '-J', '-V', 'cidata', '-o', disc, seed];
  execFileSync('xorriso', flags, { stdio: 'ignore' });
  const cdrom = ['-cdrom', disc];
  const oem = `type=11,value=io.systemd.credential:rower.manifest=${JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'from-smbios' }, spec: { containers: [{ name: 'main', image: 'x:1' }] } }).replaceAll(',', ',,')}`;
  return [
    {
      what: 'a disc labelled cidata',
      qemu: cdrom,
      explain: [
        /nocloud +yes: \/dev\/sr0 has the label cidata/,
        /instance: disc-1/,
        /rower-metadata-user-data\.yaml: 1 Pod/,
      ],
      status: 0,
      fetched: 'name: from-disc',
    },
    {
      what: 'firmware configuration, which goes before a disc',
      qemu: [...cdrom, '-fw_cfg', `name=opt/dev.rower/manifest,file=${file('manifest.yaml', pod('from-fw-cfg'))}`],
      explain: [/qemu-fwcfg +yes: opt\/dev\.rower\/manifest is there/, /nocloud +yes, but another goes before it/],
      status: 0,
      fetched: 'name: from-fw-cfg',
    },
    {
      what: 'an SMBIOS string',
      qemu: ['-smbios', oem],
      explain: [/smbios11 +yes: the SMBIOS string for rower\.manifest is there/],
      status: 0,
      fetched: '"name":"from-smbios"',
    },
    {
      what: 'firmware strings of a cloud without its network',
      qemu: ['-smbios', 'type=1,manufacturer=Hetzner,product=vServer,serial=123456'],
      explain: [/hetzner +yes: sys_vendor is "Hetzner"/, /rower metadata: hetzner: .*169\.254\.169\.254/],
      status: 1,
    },
    {
      what: 'a machine of no cloud',
      qemu: [],
      explain: [/no provider fits this machine: it is given nothing/],
      status: 0,
    },
  ];
}

function said(text: string, command: string): { output: string; status: number } {
  const match = new RegExp(`<${command}>\\n([\\s\\S]*)</${command} (\\d+)>`).exec(text);
  assert.ok(match, `the guest did not come to ${command}:\n${text.slice(-4000)}`);
  return { output: match[1] ?? '', status: Number(match[2]) };
}

async function main(directory: string): Promise<void> {
  if (!existsSync(path.join(ROOT, 'dist/rower.cjs')))
    execFileSync(process.execPath, [path.join(ROOT, 'hack/build.ts')], { stdio: ['ignore', 2, 2] });
  const { modules, ...machine } = fetchGuest(directory, console.error);
  const guest: Guest = { ...machine, initrd: path.join(directory, 'initrd') };
  writeInitrd(guest.initrd, {
    modules,
    script: SCRIPT,
    files: { 'rower.cjs': path.join(ROOT, 'dist/rower.cjs') },
  });
  for (const { what, qemu, explain, status, fetched } of cases(directory)) {
    const begun = Date.now();
    const text = await boot(guest, qemu);
    const explained = said(text, 'explain');
    for (const pattern of explain) assert.match(explained.output, pattern);
    assert.equal(explained.status, status, explained.output);
    if (fetched !== undefined) {
      const { output, status: fetchStatus } = said(text, 'fetch');
      assert.ok(output.includes(fetched), output);
      assert.equal(fetchStatus, 0);
    }
    console.log(`✔ ${what} (${Math.round((Date.now() - begun) / 100) / 10} s)`);
  }
}

const directory = mkdtempSync(path.join(tmpdir(), 'rower-qemu-'));
try {
  await main(directory);
} catch (error) {
  console.error(error instanceof assert.AssertionError ? `✖ ${error.message}` : error);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
