/** Metadata services at their real addresses, in network namespaces of their own: link-local, IPv6, IPv6 with an interface. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, it, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createAgent, manifest, ROWER, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';

const MACHINE = fileURLToPath(new URL('./metadata-machine.ts', import.meta.url));
/** Two ends of one cable; the other end has the service's address. */
const CABLE = 'ip link add eth0 type veth peer name eth1 && ip link set eth0 up && ip link set eth1 up';

const SERVICES: [provider: string, address: string, network: string][] = [
  ['ec2', '169.254.169.254', 'ip addr add 169.254.169.254/32 dev lo'],
  ['ec2', 'fd00:ec2::254', 'ip -6 addr add fd00:ec2::254/128 dev lo'],
  ['hetzner', 'fe80::a9fe:a9fe%eth1', `${CABLE} && ip -6 addr add fe80::a9fe:a9fe/64 dev eth1 nodad`],
  ['scaleway', '169.254.42.42', 'ip addr add 169.254.42.42/32 dev lo'],
  ['scaleway', 'fd00:42::42', 'ip -6 addr add fd00:42::42/128 dev lo'],
  ['aliyun', '100.100.100.200', 'ip addr add 100.100.100.200/32 dev lo'],
  ['oracle', 'fd00:c1::a9fe:a9fe', 'ip -6 addr add fd00:c1::a9fe:a9fe/128 dev lo'],
  ['akamai', 'fd00:a9fe:a9fe::1', 'ip -6 addr add fd00:a9fe:a9fe::1/128 dev lo'],
];

for (const [provider, address, network] of SERVICES) {
  test(`${provider} is asked at ${address}`, async () => {
    const script = `ip link set lo up && ${network} && exec ${process.execPath} ${MACHINE} ${provider} ${address}`;
    const { stdout } = await promisify(execFile)('unshare', ['--net', 'sh', '-c', script], { timeout: 60_000 });
    const { outcome, peer } = JSON.parse(stdout);
    assert.equal(outcome, 'files');
    if (provider === 'scaleway') assert.ok(peer.port < 1024, `from port ${peer.port}`);
  });
}

describe('an agent that is given its Pods by metadata', { skip }, () => {
  const machine = useMachine();

  it('runs them, follows a change, survives the loss of the source, and stops them when none are wanted', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rower-metadata-'));
    const given = join(directory, 'user-data');
    const give = (content: string | Uint8Array) => {
      writeFileSync(`${given}.new`, content);
      renameSync(`${given}.new`, given);
    };
    give(gzipSync(manifest('one', { containers: [sleeper()] })));
    const agent = await createAgent(machine.containerd, ['--metadata', `file=${given}`]);
    machine.cleanUps.push(async () => {
      await agent.dispose();
      rmSync(directory, { recursive: true, force: true });
    });
    await agent.start();
    const first = await agent.until('the Pod', running('one'));
    assert.deepEqual(readdirSync(agent.manifests), ['rower-metadata-user-data.yaml']);
    give('#!/bin/sh\ntouch /tmp/never\n');
    await agent.kill9();
    await agent.start();
    const still = await agent.until('the same Pod', running('one'));
    assert.equal(still.containerID, first.containerID);
    await waitFor('the refusal', async () => agent.log().includes('Nothing was executed.'));
    rmSync(given);
    await agent.kill9();
    await agent.start();
    assert.equal((await agent.until('the same Pod', running('one'))).containerID, first.containerID);
    give(manifest('two', { containers: [sleeper()] }));
    await agent.until('the new Pod', running('two'));
    await agent.until('the end of the old one', (pods) => statusOf(pods, 'one').pod === undefined);
    give('# none\n');
    await agent.until('no Pods', (pods) => pods.length === 0);
  });

  it('tells empty from missing, and its own machine from one that got a copy of its disk', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rower-metadata-'));
    const [given, machineId] = [join(directory, 'user-data'), join(directory, 'machine-id')];
    const give = (content: string) => {
      writeFileSync(`${given}.new`, content);
      renameSync(`${given}.new`, given);
    };
    writeFileSync(machineId, 'aaaa\n');
    // The machine that the test runs on may have a name in its firmware.
    const script = [
      'for dir in /sys/class/dmi/id; do [ ! -d $dir ] || mount -t tmpfs tmpfs $dir; done',
      'for file in /proc/device-tree/serial-number; do [ ! -e $file ] || mount --bind /dev/null $file; done',
      `mount --bind ${machineId} /etc/machine-id`,
      'exec "$0" "$@"',
    ].join(' && ');
    const flags = ['--metadata', `file=${given}`];
    const agent = await createAgent(machine.containerd, flags, '', ['unshare', '--mount', 'sh', '-c', script, ROWER]);
    machine.cleanUps.push(async () => {
      rmSync(given, { force: true });
      await agent.dispose();
      rmSync(directory, { recursive: true, force: true });
    });
    const events = async () => (await agent.get('/api/v1/events')).body;
    give(manifest('kept', { containers: [sleeper()] }));
    await agent.start();
    const first = await agent.until('the Pod', running('kept'));
    give('');
    await waitFor('the warning', async () => (await events()).includes('the user-data is empty now'));
    rmSync(given);
    await waitFor('the warning', async () => (await events()).includes('the user-data is absent now'));
    assert.equal((await agent.until('the same Pod', running('kept'))).containerID, first.containerID);
    give(`#rower: onMissing=remove onEmpty=keep\n${manifest('going', { containers: [sleeper()] })}`);
    await agent.until('the new Pod', running('going'));
    give('');
    await waitFor('the answer', async () => /"outcome": ?"empty"/.test((await agent.get('/rower/v1/explain')).body));
    await agent.until('it to run on', running('going'));
    rmSync(given);
    await agent.until('no Pods', (pods) => pods.length === 0);

    give(manifest('original', { containers: [sleeper()] }));
    await agent.until('the Pod', running('original'));
    await agent.kill9();
    rmSync(given);
    await agent.start();
    await agent.until('it to run on without its source', running('original'));
    await agent.kill9();
    writeFileSync(machineId, 'bbbb\n');
    await agent.start();
    await agent.until('no Pods of another machine', (pods) => pods.length === 0);
    assert.match(await events(), /the metadata on this disk is of another machine/);
  });
});
