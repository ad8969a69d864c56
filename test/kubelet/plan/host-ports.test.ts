import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { conflict, hostPorts } from '../../../src/kubelet/plan/host-ports.ts';
import { container, revision } from '../build.ts';

describe('host ports', () => {
  it('are those of the regular containers, every address written in one way', () => {
    const ports = [
      { containerPort: 80, hostPort: 8080, protocol: 'TCP' },
      { containerPort: 53, hostPort: 53, protocol: 'UDP', hostIP: '0.0.0.0' },
      { containerPort: 7, hostPort: 7, protocol: 'SCTP', hostIP: '::' },
      { containerPort: 9, hostPort: 9, protocol: 'TCP', hostIP: '::1' },
      { containerPort: 443, protocol: 'TCP' },
    ];
    const init = container({ name: 'init', ports: [{ containerPort: 1, hostPort: 1, protocol: 'TCP' }] });
    const { pod } = revision({ containers: [container({ ports })], initContainers: [init] });
    assert.deepEqual(hostPorts(pod), [
      { protocol: 'TCP', ip: '', port: 8080 },
      { protocol: 'UDP', ip: '', port: 53 },
      { protocol: 'SCTP', ip: '', port: 7 },
      { protocol: 'TCP', ip: '::1', port: 9 },
    ]);
  });
  it('conflict whichever side is asked', () => {
    const any = { protocol: 'UDP', ip: '', port: 53 };
    const one = { protocol: 'UDP', ip: '192.0.2.1', port: 53 };
    assert.deepEqual(
      [conflict(any, one), conflict(one, any), conflict(one, { ...one, ip: '192.0.2.2' })],
      [true, true, false],
    );
  });
});
