/** An agent on a containerd for the tests of a suite, with a way into its containers. */
import { before } from 'node:test';
import type { Pod } from '../../src/kubelet/types.ts';
import { type Agent, createAgent, running, statusOf } from './agent.ts';
import { type Machine, useMachine } from './containerd.ts';

export interface WithAgent {
  machine: Machine;
  agent: Agent;
  /** Output of a shell inside the running container of a Pod. */
  inside(name: string, script: string): Promise<string>;
}

/** Started before the tests of the suite that calls it, removed after them. `settings`: more lines of its file. */
export function useAgent(settings = ''): WithAgent {
  const machine = useMachine();
  const on = {
    machine,
    async inside(name: string, script: string) {
      const { containerID = '' } = await on.agent.until(`${name} to run`, running(name));
      const id = containerID.replace('containerd://', '');
      const { stdout, stderr } = await machine.client.cri.execSync(id, ['/bin/busybox', 'sh', '-c', script], 20);
      return Buffer.concat([stdout, stderr]).toString();
    },
  } as WithAgent;
  before(async () => {
    on.agent = await createAgent(machine.containerd, [], settings);
    machine.cleanUps.push(() => on.agent.dispose());
    await on.agent.start();
  });
  return on;
}

/** For `until`: the message with which the one container of a Pod waits for this reason. */
export function waiting(name: string, reason: string) {
  return (pods: Pod[]): string | undefined => {
    const { container } = statusOf(pods, name);
    return container?.state?.waiting?.reason === reason ? container.state.waiting.message : undefined;
  };
}

export const mount = (name: string, more: object = {}) => ({ name, mountPath: `/${name}`, ...more });
/** A small document of `v1`. */
export const object = (kind: string, name: string, fields: object) =>
  JSON.stringify({ apiVersion: 'v1', kind, metadata: { name }, ...fields });
/** Several documents in one file. */
export const documents = (...all: string[]) => all.join('\n---\n');
export const secret = (name: string, password: string) => object('Secret', name, { stringData: { password } });
/** A Pod of one container that is stopped at once. */
export const podSpec = (container: object, more: object = {}) => ({
  terminationGracePeriodSeconds: 0,
  containers: [container],
  ...more,
});
