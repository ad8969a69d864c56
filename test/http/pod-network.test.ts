import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { PodNetworks } from '../../src/http/pod-network.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';
import { NODE_FACTS } from './fixture.ts';

const HEAD = 'Inter-|   Receive\n face |bytes    packets errs drop\n';
const table = (received: number) =>
  `${HEAD}    lo: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\n  eth0:${received} 2 3 4 0 0 0 0 20 5 6 7 0 0 0 0\n  sit0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n`;
const eth0 = (rxBytes: number) => ({
  name: 'eth0',
  rxBytes,
  rxErrors: 3,
  txBytes: 20,
  txErrors: 6,
  rxPackets: 2,
  rxDropped: 4,
  txPackets: 5,
  txDropped: 7,
});

for (const cgroupVersion of [1, 2] as const) {
  test(`the counters of a Pod are those of a process of its network, under cgroup version ${cgroupVersion}`, async (t) => {
    const root = await temporaryDirectory(t);
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    const process = (pid: string, namespace: string, received?: number) => {
      mkdirSync(join(root, 'proc', pid, 'ns'), { recursive: true });
      symlinkSync(namespace, join(root, 'proc', pid, 'ns/net'));
      if (received !== undefined) put(`proc/${pid}/net/dev`, table(received));
    };
    const hierarchy = cgroupVersion === 2 ? 'cgroup' : 'cgroup/pids';
    put(`${hierarchy}/kubepods/burstable/poda/box-a/cgroup.procs`, '101\n102\n');
    put(`${hierarchy}/kubepods/podhost/box-host/cgroup.procs`, '103\n');
    process('self', 'net:[1]');
    process('101', 'net:[2]', 10);
    process('103', 'net:[1]', 77);
    const networks = new PodNetworks({
      node: { ...NODE_FACTS, cgroupVersion },
      procRoot: join(root, 'proc'),
      cgroupRoot: join(root, 'cgroup'),
    });
    const subjects = ['a', 'host', 'gone'].map((uid) => ({ uid, id: `box-${uid}` }));
    assert.deepEqual([...networks.read(subjects)], [['a', [eth0(10)]]]);
    // The process is looked for once.
    rmSync(join(root, 'cgroup'), { recursive: true });
    put('proc/101/net/dev', table(30));
    assert.deepEqual([...networks.read(subjects)], [['a', [eth0(30)]]]);
    rmSync(join(root, 'proc/101'), { recursive: true });
    assert.deepEqual([...networks.read(subjects)], []);
  });
}
