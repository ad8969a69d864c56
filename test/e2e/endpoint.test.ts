/** The whole endpoint of a real agent: the kubeconfig it writes, logs and what Pods use, by real kubectls. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Kubectl, prepare, VERSIONS } from '../clients/kubectl.ts';
import { type Agent, createAgent, freePort, manifest, running, sleeper, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';

describe('the full endpoint of an agent on containerd', { skip }, () => {
  const machine = useMachine();
  const clients = new Map<string, Kubectl>();
  let agent: Agent;
  let kubeconfig: string;
  let healthPort: number;

  before(async () => {
    const port = await freePort();
    healthPort = await freePort();
    kubeconfig = join(machine.dir, 'etc', 'kubeconfig');
    const ports = ['--port', String(port), '--healthz-port', String(healthPort)];
    agent = await createAgent(machine.containerd, [...ports, '--write-kubeconfig', kubeconfig]);
    machine.cleanUps.push(() => agent.dispose());
    await agent.start();
    for (const version of VERSIONS) clients.set(version, await prepare(version));
    const busy =
      'echo hello; while true; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo tick; sleep 1; done';
    const container = sleeper({ command: ['/bin/busybox', 'sh', '-c', busy] });
    agent.write('busy.yaml', manifest('busy', { terminationGracePeriodSeconds: 0, containers: [container] }));
    await agent.until('it to run', running('busy'));
  });
  after(async () => {
    for (const client of clients.values()) await client.dispose();
  });

  const kubectl = (version: string, argv: string, onStdout?: (text: string) => void) => {
    const client = clients.get(version);
    assert.ok(client);
    assert.equal(client.missing, undefined);
    return client.run([`--kubeconfig=${kubeconfig}`, ...argv.split(' ')], onStdout);
  };

  it('leaves a kubeconfig, a key and a token that only root can read', () => {
    assert.equal(statSync(kubeconfig).mode & 0o777, 0o600);
    for (const file of ['tls.key', 'token']) {
      assert.equal(statSync(join(agent.dir, 'root', 'endpoint', file)).mode & 0o777, 0o600, file);
    }
  });

  it('answers on its health port', async () => {
    const answer = await fetch(`http://127.0.0.1:${healthPort}/healthz`);
    assert.deepEqual([answer.status, await answer.text()], [200, 'ok']);
  });

  for (const version of VERSIONS) {
    it(`${version}: kubectl logs shows what the container says`, async () => {
      const { status, stdout, stderr } = await kubectl(version, 'logs busy-n1');
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^hello\ntick\n/);
    });

    it(`${version}: kubectl logs -f follows, and ends when the container has ended`, async () => {
      const lives = `echo first; while [ ! -e /tmp/end ]; do sleep 0.1; done; echo last`;
      const container = sleeper({ command: ['/bin/busybox', 'sh', '-c', lives] });
      const name = `follow-${version.replace('.', '-')}`;
      agent.write(
        `${name}.yaml`,
        manifest(name, { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [container] }),
      );
      const { containerID = '' } = await agent.until('it to run', running(name));
      const { cri } = machine.client;
      let asked = false;
      const { status, stdout } = await kubectl(version, `logs -f ${name}-n1`, (text) => {
        if (asked || !text.includes('first')) return;
        asked = true;
        void cri.execSync(containerID.replace('containerd://', ''), ['/bin/busybox', 'touch', '/tmp/end'], 10);
      });
      assert.deepEqual([status, stdout], [0, 'first\nlast\n']);
      agent.remove(`${name}.yaml`);
    });

    it(`${version}: kubectl top tells what Pods and the machine use`, async () => {
      const pods = await kubectl(version, 'top pod');
      assert.equal(pods.status, 0, pods.stderr);
      assert.match(pods.stdout, /^NAME +CPU\(cores\) +MEMORY\(bytes\) *\n(.*\n)*busy-n1 +\d+m +\d+Mi *\n/);
      const nodes = await kubectl(version, 'top node');
      assert.equal(nodes.status, 0, nodes.stderr);
      assert.match(nodes.stdout, /^n1 +\d+m +\d+% +\d+Mi +\d+% *$/m);
    });
  }

  it('measures networks, volumes and claims', async () => {
    const mounts = ['scratch', 'claim'].map((name) => ({ name, mountPath: `/${name}` }));
    const script = 'head -c 100000 /dev/zero > /scratch/file; head -c 50000 /dev/zero > /claim/file';
    const fill = sleeper({ name: 'fill', command: ['/bin/busybox', 'sh', '-c', script], volumeMounts: mounts });
    const volumes = [
      { name: 'scratch', emptyDir: {} },
      { name: 'claim', persistentVolumeClaim: { claimName: 'kept' } },
    ];
    const claim = '{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"kept"},"spec":{}}';
    const pod = manifest('stores', {
      terminationGracePeriodSeconds: 0,
      initContainers: [fill],
      containers: [sleeper()],
      volumes,
    });
    agent.write('claim.yaml', claim);
    agent.write('stores.yaml', pod);
    await agent.until('it to run', running('stores'));
    interface Volume {
      name: string;
      usedBytes: number;
      pvcRef?: { name: string };
    }
    let found: Volume[] = [];
    // Once a minute; this is the first who asks.
    await waitFor('the volumes to be measured with what is in them', async () => {
      const { body } = await agent.get('/api/v1/nodes/n1/proxy/stats/summary');
      const pods: { podRef: { name: string }; volume?: Volume[] }[] = JSON.parse(body).pods;
      found = pods.find(({ podRef }) => podRef.name === 'stores-n1')?.volume ?? [];
      return found.length === 2 && found.every(({ usedBytes }) => usedBytes >= 50_000);
    });
    const [kept] = found.filter(({ name }) => name === 'claim');
    assert.equal(kept?.pvcRef?.name, 'kept');
    const metrics = await agent.get('/metrics');
    assert.match(
      metrics.body,
      /^kubelet_volume_stats_used_bytes\{namespace="default",persistentvolumeclaim="kept"\} \d+$/m,
    );
    const cadvisor = await agent.get('/metrics/cadvisor');
    for (const name of ['receive_bytes', 'receive_packets', 'transmit_packets_dropped'])
      assert.match(
        cadvisor.body,
        new RegExp(`^container_network_${name}_total\\{.*pod="busy-n1".*interface="eth0"\\} \\d+$`, 'm'),
      );
    assert.match(cadvisor.body, /^container_network_receive_packets_total\{id="\/",.*\} [1-9]\d*$/m);
  });

  it('measures under the names of the kubelet', async () => {
    const texts = await Promise.all(
      ['/metrics/resource', '/metrics/cadvisor', '/metrics/state', '/stats/summary', '/metrics/probes'].map((path) =>
        agent.get(path),
      ),
    );
    assert.deepEqual(
      texts.map(({ status }) => status),
      [200, 200, 200, 200, 200],
    );
    const [resource, cadvisor, state, summary] = texts.map(({ body }) => body);
    const labels = 'container="main",namespace="default",pod="busy-n1"';
    assert.match(resource ?? '', new RegExp(`^container_cpu_usage_seconds_total{${labels}} [\\d.e-]+ \\d{13}$`, 'm'));
    assert.match(
      resource ?? '',
      /^pod_memory_working_set_bytes\{namespace="default",pod="busy-n1"\} [1-9]\d+ \d{13}$/m,
    );
    assert.match(resource ?? '', /^resource_scrape_error 0$/m);
    assert.match(cadvisor ?? '', /^container_cpu_user_seconds_total\{.*container="main".*\} [\d.]+$/m);
    assert.match(cadvisor ?? '', /^container_memory_cache\{.*container="main".*\} \d+$/m);
    assert.match(state ?? '', /^kube_pod_status_phase\{.*pod="busy-n1".*phase="Running"\} 1$/m);
    const { node, pods } = JSON.parse(summary ?? '');
    assert.ok(node.cpu.usageNanoCores > 0 && node.memory.workingSetBytes > 0 && node.fs.capacityBytes > 0);
    const [container] = pods.find((one: { podRef: { name: string } }) => one.podRef.name === 'busy-n1').containers;
    assert.ok(container.cpu.usageNanoCores > 0 && container.rootfs.capacityBytes > 0 && container.logs.usedBytes > 0);
  });

  it('tells how the machine is', async () => {
    const { body } = await agent.get('/api/v1/nodes/n1');
    const { conditions, capacity } = JSON.parse(body).status;
    assert.deepEqual(
      conditions.map(({ type }: { type: string }) => type),
      ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'],
    );
    assert.match(capacity['ephemeral-storage'], /^[1-9]\d+Ki$/);
    assert.equal(capacity.pods, '110');
    const explained = await kubectl('1.20', 'explain pod.spec.containers.image');
    assert.match(explained.stdout, /Name of the image, with a tag or a digest/);
    // What kubectl asks of a Pod that a manifest does not say.
    const debugged = await kubectl('1.36', 'debug busy-n1 --image=x --profile=general');
    assert.match(debugged.stderr, /this node endpoint is read-only: change the manifest/);
  });

  it('keeps certificate and token over a restart, so that the kubeconfig goes on working', async () => {
    const before = readFileSync(kubeconfig, 'utf8');
    await agent.terminate();
    await agent.start();
    await waitFor('the kubeconfig', async () => existsSync(kubeconfig));
    assert.equal(readFileSync(kubeconfig, 'utf8'), before);
    const { status, stderr } = await kubectl('1.36', 'get pods');
    assert.equal(status, 0, stderr);
  });
});
