import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { before, describe, it } from 'node:test';
import { layoutOf, subnet6 } from '../../hack/containerd-config.ts';
import type { Pod } from '../../src/kubelet/types.ts';
import { type Agent, createAgent, freePort, manifest, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';

const SERVE = 'mkdir -p /tmp/w; echo "$TEXT" > /tmp/w/index.html; exec busybox httpd -f -p [::]:80 -h /tmp/w';
const server = (text: string, change: object = {}) =>
  sleeper({ command: ['/bin/busybox', 'sh', '-c', SERVE], env: [{ name: 'TEXT', value: text }], ...change });
const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/** An address of this machine that others can reach. */
const OUTSIDE = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ internal, address }) => !internal && isIPv4(address))?.address;
const HAS_IPV6 = existsSync('/proc/sys/net/ipv6');

describe('the network of Pods on containerd', { skip }, () => {
  const machine = useMachine({ dualStack: HAS_IPV6, bandwidth: true });
  let agent: Agent;

  before(async () => {
    const nodeIps = HAS_IPV6 ? '127.0.0.1,fd00::1234' : '127.0.0.1';
    agent = await createAgent(machine.containerd, ['--node-ip', nodeIps]);
    machine.cleanUps.push(() => agent.dispose());
    await agent.start();
  });

  const idOf = async (name: string) => {
    const { containerID = '' } = await agent.until(`${name} to run`, running(name));
    return containerID.replace('containerd://', '');
  };
  const inside = async (name: string, script: string) => {
    const command = ['/bin/busybox', 'sh', '-c', script];
    const { stdout, stderr } = await machine.client.cri.execSync(await idOf(name), command, 20);
    return Buffer.concat([stdout, stderr]).toString();
  };
  const get = (url: string) =>
    fetch(url).then(
      (answer) => answer.text(),
      () => undefined,
    );
  const ipsOf = async (name: string) => {
    await agent.until(`${name} to run`, running(name));
    return (statusOf(await agent.pods(), name).pod as Pod).status?.podIPs?.map(({ ip = '' }) => ip) ?? [];
  };
  /** First process of a Pod's container, as the machine numbers it. */
  const pidOf = async (name: string) => {
    const id = await idOf(name);
    const row = (await machine.containerd.ctr(['tasks', 'ls'])).split('\n').find((line) => line.startsWith(id));
    return row?.split(/\s+/)[1] ?? '';
  };

  it('has an address of each family, and every way to learn of them agrees', { skip: !HAS_IPV6 }, async () => {
    const env = [field('PODS', 'status.podIPs'), field('POD', 'status.podIP'), field('HOSTS', 'status.hostIPs')];
    agent.write(
      'both.yaml',
      manifest('both', {
        hostname: 'twins',
        containers: [server('both', { env: [{ name: 'TEXT', value: 'both' }, ...env] })],
      }),
    );
    const [first = '', second = ''] = await ipsOf('both');
    assert.ok(isIPv4(first) && isIPv6(second), `${first} ${second}`);
    const prefix = subnet6(layoutOf(machine.containerd.dir)).split('::')[0] ?? '';
    assert.ok(second.startsWith(prefix.replaceAll(/:0+/g, ':')), `${second} is not of ${prefix}`);
    const { pod } = statusOf(await agent.pods(), 'both');
    assert.equal(pod?.status?.podIP, first);
    assert.deepEqual(pod?.status?.hostIPs, [{ ip: '127.0.0.1' }, { ip: 'fd00::1234' }]);
    const addresses = await inside('both', 'ip -o addr show dev eth0');
    for (const ip of [first, second]) assert.match(addresses, new RegExp(`inet6? ${ip}/`));
    assert.equal(await inside('both', 'echo $PODS $POD $HOSTS'), `${first},${second} ${first} 127.0.0.1,fd00::1234\n`);
    const hosts = await inside('both', 'cat /etc/hosts');
    for (const ip of [first, second]) assert.match(hosts, new RegExp(`^${ip}\\ttwins$`, 'm'));
    assert.equal(await waitFor('an answer over IPv4', () => get(`http://${first}/`)), 'both\n');
    assert.equal(await waitFor('an answer over IPv6', () => get(`http://[${second}]/`)), 'both\n');
    const items = JSON.parse((await agent.get('/api/v1/nodes')).body).items;
    assert.deepEqual(
      items[0].status.addresses.filter(({ type }: { type: string }) => type === 'InternalIP'),
      [
        { type: 'InternalIP', address: '127.0.0.1' },
        { type: 'InternalIP', address: 'fd00::1234' },
      ],
    );
    agent.remove('both.yaml');
  });

  it('gives one host port to two Pods on two addresses, and not the same address twice', {
    skip: !OUTSIDE,
  }, async () => {
    const port = await freePort();
    const on = (name: string, hostIP: string) =>
      manifest(name, { containers: [server(name, { ports: [{ containerPort: 80, hostPort: port, hostIP }] })] });
    agent.write('a-local.yaml', on('local', '127.0.0.1'));
    agent.write('b-outside.yaml', on('outside', OUTSIDE ?? ''));
    assert.equal(await waitFor('the local one', () => get(`http://127.0.0.1:${port}/`)), 'local\n');
    assert.equal(await waitFor('the outside one', () => get(`http://${OUTSIDE}:${port}/`)), 'outside\n');
    agent.write('c-any.yaml', on('any', '0.0.0.0'));
    await agent.until('the third to be rejected', (pods) => statusOf(pods, 'any').pod?.status?.reason === 'NodePorts');
    agent.remove('a-local.yaml');
    agent.remove('b-outside.yaml');
    assert.equal(
      await waitFor('the port to be free for it', async () => {
        const answer = await get(`http://127.0.0.1:${port}/`);
        return answer === 'any\n' && answer;
      }),
      'any\n',
    );
    agent.remove('c-any.yaml');
  });

  it('forwards UDP, beside TCP on the same port', async () => {
    const port = await freePort();
    const ports = [
      { containerPort: 80, hostPort: port },
      { containerPort: 53, hostPort: port, protocol: 'UDP' },
    ];
    agent.write('udp.yaml', manifest('udp', { containers: [server('tcp', { ports })] }));
    assert.equal(await waitFor('TCP', () => get(`http://127.0.0.1:${port}/`)), 'tcp\n');
    const echo = `const s = require('dgram').createSocket('udp4'); s.on('message', (m, from) => s.send('udp ' + m, from.port, from.address)); s.bind(53);`;
    const child = spawn('nsenter', ['-t', await pidOf('udp'), '-n', process.execPath, '-e', echo], {
      stdio: 'inherit',
    });
    const socket = createSocket('udp4');
    try {
      const answered = new Promise((resolve) => socket.once('message', (message) => resolve(message.toString())));
      let answer: unknown;
      void answered.then((text) => {
        answer = text;
      });
      await waitFor('UDP', async () => {
        socket.send('hello', port, '127.0.0.1');
        return answer !== undefined;
      });
      assert.equal(answer, 'udp hello');
    } finally {
      socket.close();
      child.kill();
    }
    agent.remove('udp.yaml');
  });

  it('forwards a host port of each family', { skip: !HAS_IPV6 }, async () => {
    const port = await freePort();
    agent.write(
      'six.yaml',
      manifest('six', { containers: [server('both', { ports: [{ containerPort: 80, hostPort: port }] })] }),
    );
    const { bridge } = layoutOf(machine.containerd.dir);
    await agent.until('six to run', running('six'));
    const own = networkInterfaces()[bridge]?.find(({ address }) => address.startsWith('fdcc:'))?.address ?? '';
    assert.ok(isIPv6(own), `${bridge} has no address of its own`);
    for (const host of ['127.0.0.1', `[${own}]`])
      assert.equal(await waitFor(host, () => get(`http://${host}:${port}/`)), 'both\n');
    agent.remove('six.yaml');
  });

  it('has the machine forward SCTP', async () => {
    const port = await freePort();
    const ports = [{ containerPort: 80, hostPort: port, protocol: 'SCTP' }];
    agent.write('sctp.yaml', manifest('sctp', { containers: [server('sctp', { ports })] }));
    const [ip] = await ipsOf('sctp');
    // Nothing here speaks it: the machine's own rules are the truth.
    const rules = execFileSync('iptables', ['-w', '-t', 'nat', '-S'], { encoding: 'utf8' }).split('\n');
    const forwards = rules.filter((rule) => rule.includes('-j DNAT') && rule.includes(`--dport ${port} `));
    assert.equal(forwards.length, 1);
    assert.match(forwards[0] ?? '', new RegExp(`-p sctp .*--to-destination ${ip}:80$`));
    agent.remove('sctp.yaml');
  });

  it('limits traffic as the annotations say', async () => {
    const annotations = { 'kubernetes.io/ingress-bandwidth': '8M', 'kubernetes.io/egress-bandwidth': '16M' };
    agent.write('slow.yaml', manifest('slow', { containers: [sleeper()] }, { annotations }));
    const index = (await inside('slow', 'cat /sys/class/net/eth0/iflink')).trim();
    const links = JSON.parse(execFileSync('ip', ['-j', 'link'], { encoding: 'utf8' })) as {
      ifindex: number;
      ifname: string;
    }[];
    const veth = links.find(({ ifindex }) => String(ifindex) === index)?.ifname ?? '';
    const queues = (dev: string) => execFileSync('tc', ['qdisc', 'show', 'dev', dev], { encoding: 'utf8' });
    assert.match(queues(veth), /tbf .* rate 8Mbit/);
    const redirect = execFileSync('tc', ['filter', 'show', 'dev', veth, 'parent', 'ffff:'], { encoding: 'utf8' });
    const [, ifb = ''] = /to device (\S+)\)/.exec(redirect) ?? [];
    assert.match(queues(ifb), /tbf .* rate 16Mbit/);
    agent.write(
      'wrong.yaml',
      manifest('wrong', { containers: [sleeper()] }, { annotations: { 'kubernetes.io/egress-bandwidth': '10' } }),
    );
    await waitFor('the wrong one to be told', async () =>
      /egress-bandwidth.*resource is unreasonably small/.test((await agent.get('/api/v1/events')).body),
    );
    agent.remove('slow.yaml');
    await waitFor('its device to go', async () => !execFileSync('ip', ['link'], { encoding: 'utf8' }).includes(ifb));
    agent.remove('wrong.yaml');
  });

  it('is known inside by the name that the Pod says', async () => {
    const rows: [string, object, string][] = [
      ['override', { hostnameOverride: 'db.example.org' }, 'db.example.org'],
      ['fqdn', { hostname: 'h', subdomain: 'sub', setHostnameAsFQDN: true }, 'h.sub.default.svc'],
      ['short', { hostname: 'h', subdomain: 'sub' }, 'h'],
    ];
    for (const [name, spec] of rows) agent.write(`${name}.yaml`, manifest(name, { ...spec, containers: [sleeper()] }));
    for (const [name, , expected] of rows) {
      const shown = (await inside(name, 'hostname')).trim();
      assert.ok(shown === expected || shown.startsWith(`${expected}.`), `${name}: ${shown}`);
      assert.match(await inside(name, 'cat /etc/hosts'), new RegExp(`\\t${expected}`));
    }
    agent.write(
      'long.yaml',
      manifest('long', {
        hostname: 'a'.repeat(60),
        subdomain: 'sub',
        setHostnameAsFQDN: true,
        containers: [sleeper()],
      }),
    );
    await waitFor('the long name to be told', async () =>
      /FQDN .* is too long/.test((await agent.get('/api/v1/events')).body),
    );
    for (const name of ['override', 'fqdn', 'short', 'long']) agent.remove(`${name}.yaml`);
  });
});
