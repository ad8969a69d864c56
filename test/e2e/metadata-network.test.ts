/**
 * The network between a machine, its Pods and a metadata service, in namespaces of their own: how far the service's answers
 * go, and whom the guard lets through.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { guardRules } from '../../src/metadata/guard.ts';

const MACHINE = fileURLToPath(new URL('./metadata-machine.ts', import.meta.url));
const NODE = process.execPath;

/**
 * The namespace that runs `script` is the machine. `$inpod` and `$inservice` run a program in a Pod and at the service, which
 * has 169.254.169.254 and fd00:ec2::254; packets of the service live for `$1` hops.
 */
function machineScript(script: string): string {
  return `set -e
ip link set lo up; sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
unshare --net sleep 120 & pod=$!
unshare --net sleep 120 & service=$!
trap 'kill $pod $service' EXIT
until [ "$(readlink /proc/$pod/ns/net)" != "$(readlink /proc/$$/ns/net)" ] && [ "$(readlink /proc/$service/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done
inpod="nsenter --net=/proc/$pod/ns/net"; inservice="nsenter --net=/proc/$service/ns/net"
ip link add p0 type veth peer name p1; ip link set p1 netns $pod; ip link set p0 up
ip addr add 10.9.0.1/24 dev p0; ip addr add fd09::1/64 dev p0 nodad
ip link add s0 type veth peer name s1; ip link set s1 netns $service; ip link set s0 up
ip addr add 169.254.169.1/24 dev s0; ip addr add fd00:ec2::1/64 dev s0 nodad
$inpod sh -c 'ip link set lo up; ip addr add 10.9.0.2/24 dev p1; ip addr add fd09::2/64 dev p1 nodad; ip link set p1 up; ip route add default via 10.9.0.1; ip -6 route add default via fd09::1'
$inservice sh -c 'ip link set lo up; ip addr add 169.254.169.254/24 dev s1; ip addr add fd00:ec2::254/64 dev s1 nodad; ip link set s1 up; ip route add default via 169.254.169.1; ip -6 route add default via fd00:ec2::1'
${script}`;
}

async function lines(script: string, mount = false): Promise<string[]> {
  const argv = [...(mount ? ['--mount'] : []), '--net', 'sh', '-c', machineScript(script)];
  const { stdout } = await promisify(execFile)('unshare', argv, { timeout: 120_000 });
  return stdout.trim().split('\n');
}

const serve = (address: string) =>
  `$inservice ${NODE} ${MACHINE} ec2 ${address} serve > served & server=$!
trap 'kill $pod $service $server' EXIT
until grep -q ready served; do sleep 0.05; done; rm served`;

test('answers that go one hop reach the machine, not its Pods, who are told why', async () => {
  const asks = `${NODE} ${MACHINE} ec2 169.254.169.254 ask`;
  const [machine = '', pod = '', further = ''] = await lines(`cd $(mktemp -d)
$inservice sysctl -qw net.ipv4.ip_default_ttl=1
${serve('169.254.169.254')}
${asks}
$inpod ip -6 route del default; $inpod ${asks}
$inservice sysctl -qw net.ipv4.ip_default_ttl=2
$inpod ${asks}
rmdir $PWD`);
  assert.equal(JSON.parse(machine).outcome, 'files');
  assert.match(
    JSON.parse(pod).error,
    /169\.254\.169\.254.*no \w+ within .*; from inside a container the hop limit of the service must be 2$/,
  );
  assert.equal(JSON.parse(further).outcome, 'files');
});

test('where only IPv6 is answered, IPv6 is asked', async () => {
  const [machine = ''] = await lines(`cd $(mktemp -d)
${serve('fd00:ec2::254')}
${NODE} ${MACHINE} ec2 fd00:ec2::254 ask
rmdir $PWD`);
  assert.equal(JSON.parse(machine).outcome, 'files');
});

const ask = (address: string, port: number) =>
  `${NODE} -e "const s=net.connect({host:'${address}',port:${port}},()=>{console.log('open');process.exit()});s.on('error',e=>{console.log(e.code);process.exit()});setTimeout(()=>{console.log('silent');process.exit()},10000)"`;

const SERVE_ALL = `$inservice ${NODE} -e "let n=0;for (const port of [53, 80]) net.createServer(s=>s.end()).listen(port,'::',()=>{if(++n===2)console.log('ready')})" > served & server=$!
trap 'kill $pod $service $server' EXIT
until grep -q ready served; do sleep 0.05; done; rm served`;
const apply = (rules: string) => `cat <<'END' | nft -f -\n${rules}END\n`;

test('the guard keeps Pods from both families, not the machine, not DNS, not those that may ask', async (t) => {
  if (!(await has('nft'))) return t.skip('nft is not here');
  const [v4, v6] = ['169.254.169.254', 'fd00:ec2::254'];
  const found = await lines(`cd $(mktemp -d)
${SERVE_ALL}
$inpod ${ask(v6, 80)}
${apply(guardRules([]))}$inpod ${ask(v4, 80)}
$inpod ${ask(v6, 80)}
$inpod ${ask(v4, 53)}
${ask(v6, 80)}
${apply(guardRules(['fd09::2']))}$inpod ${ask(v4, 80)}
$inpod ${ask(v6, 80)}
rmdir $PWD`);
  const refused = /^(?:EHOSTUNREACH|EACCES|ENETUNREACH|ECONNREFUSED)$/;
  const shown = found.map((line) => (refused.test(line) ? 'refused' : line));
  assert.deepEqual(shown, ['open', 'refused', 'refused', 'open', 'open', 'refused', 'open']);
});

test('Pods on the network of the machine are told by their cgroup', async (t) => {
  if (!(await has('nft'))) return t.skip('nft is not here');
  const mount = 'mount -t cgroup2 none /sys/fs/cgroup';
  const can = await promisify(execFile)('unshare', ['--mount', 'sh', '-c', mount]).then(
    () => true,
    () => false,
  );
  if (!can) return t.skip('cgroup version 2 cannot be mounted here');
  const root = `rower-test-${process.pid}`;
  const group = (name: string) => `/sys/fs/cgroup/${root}/kubepods/besteffort/${name}`;
  const inside = (name: string) => `sh -c 'echo $$ > ${group(name)}/cgroup.procs; exec "$@"' sh `;
  const guarded = guardRules([], { pods: `${root}/kubepods`, allowed: [`${root}/kubepods/besteffort/podb`] });
  const found = await lines(
    `${mount}; cd $(mktemp -d); mkdir -p ${group('poda/c')} ${group('podb/c')}
${SERVE_ALL}
${inside('poda/c')} ${ask('169.254.169.254', 80)}
${apply(guarded)}${inside('poda/c')} ${ask('169.254.169.254', 80)}
${inside('poda/c')} ${ask('fd00:ec2::254', 80)}
${inside('poda/c')} ${ask('169.254.169.254', 53)}
${inside('podb/c')} ${ask('169.254.169.254', 80)}
${ask('169.254.169.254', 80)}
rmdir $PWD; cd /; rmdir ${group('poda/c')} ${group('podb/c')} ${group('poda')} ${group('podb')} /sys/fs/cgroup/${root}/kubepods/besteffort /sys/fs/cgroup/${root}/kubepods /sys/fs/cgroup/${root}`,
    true,
  );
  const refused = /^(?:EHOSTUNREACH|EACCES|ENETUNREACH|ECONNREFUSED)$/;
  const shown = found.map((line) => (refused.test(line) ? 'refused' : line));
  assert.deepEqual(shown, ['open', 'refused', 'refused', 'open', 'open', 'open']);
});

async function has(program: string): Promise<boolean> {
  const { stdout } = await promisify(execFile)('sh', ['-c', `command -v ${program} || true`]);
  return stdout !== '';
}
