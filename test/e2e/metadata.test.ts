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
import { guardRules } from '../../src/metadata/guard.ts';
import { createAgent, manifest, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';

const MACHINE = fileURLToPath(new URL('./metadata-machine.ts', import.meta.url));
/** Two ends of one cable; the other end has the service's address. */
const CABLE = 'ip link add eth0 type veth peer name eth1 && ip link set eth0 up && ip link set eth1 up';

const SERVICES: [provider: string, address: string, network: string][] = [
  ['ec2', '169.254.169.254', 'ip addr add 169.254.169.254/32 dev lo'],
  ['ec2', 'fd00:ec2::254', 'ip -6 addr add fd00:ec2::254/128 dev lo'],
  ['hetzner', 'fe80::a9fe:a9fe%eth1', `${CABLE} && ip -6 addr add fe80::a9fe:a9fe/64 dev eth1 nodad`],
  ['scaleway', '169.254.42.42', 'ip addr add 169.254.42.42/32 dev lo'],
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
});

test('the guard keeps Pods from the metadata service, not the host, not DNS, not those that may ask', async (t) => {
  const found = await promisify(execFile)('sh', ['-c', 'command -v nft || true']);
  if (found.stdout === '') return t.diagnostic('no nft here');
  const rules = (allowed: string[]) => `cat <<'END' | nft -f -\n${guardRules(allowed)}END\n`;
  // The namespace of the test is the host; a Pod and the service are children of it.
  const ask = (from: string) =>
    `${from} ${process.execPath} -e "const s=net.connect({host:'169.254.169.254',port:PORT},()=>{console.log('open');process.exit()});s.on('error',e=>{console.log(e.code);process.exit()});setTimeout(()=>{console.log('silent');process.exit()},5000)"`;
  const script = `set -e
ip link set lo up; sysctl -qw net.ipv4.ip_forward=1
unshare --net sleep 60 & pod=$!
unshare --net sleep 60 & service=$!
trap 'kill $pod $service' EXIT
sleep 0.3
ip link add p0 type veth peer name p1; ip link set p1 netns $pod; ip addr add 10.9.0.1/24 dev p0; ip link set p0 up
ip link add s0 type veth peer name s1; ip link set s1 netns $service; ip addr add 169.254.169.1/24 dev s0; ip link set s0 up
inpod="nsenter --net=/proc/$pod/ns/net"; inservice="nsenter --net=/proc/$service/ns/net"
$inpod sh -c 'ip addr add 10.9.0.2/24 dev p1; ip link set p1 up; ip route add default via 10.9.0.1'
$inservice sh -c 'ip addr add 169.254.169.254/24 dev s1; ip link set s1 up; ip route add default via 169.254.169.1'
$inservice ${process.execPath} -e "for (const port of [53, 80]) net.createServer(s=>s.end()).listen(port)" & server=$!
trap 'kill $pod $service $server' EXIT
sleep 0.7
${ask('$inpod').replace('PORT', '80')}
${rules([])}${ask('$inpod').replace('PORT', '80')}
${ask('$inpod').replace('PORT', '53')}
${ask('').replace('PORT', '80')}
${rules(['10.9.0.2'])}${ask('$inpod').replace('PORT', '80')}
`;
  const { stdout } = await promisify(execFile)('unshare', ['--net', 'sh', '-c', script], { timeout: 60_000 });
  assert.deepEqual(stdout.trim().split('\n'), ['open', 'EHOSTUNREACH', 'open', 'open', 'open']);
});
