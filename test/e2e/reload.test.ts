/** What a SIGHUP changes for Pods, and that it costs none of them anything. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { manifest, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip } from './containerd.ts';
import { useAgent } from './with-agent.ts';

describe('SIGHUP', { skip }, () => {
  const on = useAgent('maxPods: 1\nadmission:\n  allowPrivileged: false\n');

  it('lets Pods in that the settings kept out, and stops none', async () => {
    const { agent } = on;
    agent.write('a.yaml', manifest('a', { containers: [sleeper()] }));
    const first = await agent.until('a to run', running('a'));
    agent.write('b.yaml', manifest('b', { containers: [sleeper()] }));
    agent.write('c.yaml', manifest('c', { containers: [sleeper({ securityContext: { privileged: true } })] }));
    await agent.until('b to be refused', (pods) => statusOf(pods, 'b').pod?.status?.reason === 'OutOfpods');
    await agent.until('c to be refused', (pods) => statusOf(pods, 'c').pod?.status?.reason === 'PolicyForbidden');

    agent.reload('maxPods: 5\n');
    await agent.until('b to run', running('b'));
    await waitFor('the Node to tell', async () => /"pods":"5"/.test((await agent.get('/api/v1/nodes/n1')).body));
    const privileged = await agent.until('c to run', running('c'));
    assert.equal((await agent.until('a to run still', running('a'))).containerID, first.containerID);

    agent.reload('maxPods: 5\nadmission:\n  allowPrivileged: false\n');
    await waitFor('the reload', async () => agent.log().match(/configuration was read again"/g)?.length === 2);
    assert.equal((await agent.until('c to run on', running('c'))).containerID, privileged.containerID);
    assert.deepEqual((await agent.get('/healthz')).status, 200);
  });
});
