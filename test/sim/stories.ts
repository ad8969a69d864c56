/**
 * Short lives of a machine, one for each thing that an agent may be in the middle of when it dies or a call goes wrong.
 * To add one: a row in `STORIES`.
 */
import type { ShutdownGroup } from '../../src/kubelet/plan/shutdown.ts';
import type { World } from './world.ts';

const LOOP = 'while :; do sleep 0.1; done';
const POLITE = `trap "exit 0" TERM; ${LOOP}`;
const IMAGE = 'localhost/busybox:1';
export const PULLED = 'registry.test/pulled:1';
export const GROUPS: readonly ShutdownGroup[] = [
  { priority: 0, periodMs: 10_000 },
  { priority: 1000, periodMs: 10_000 },
];

export interface Teller {
  readonly world: World;
  /** Puts a Pod into place, or another one of that name. */
  write(name: string, spec: object): void;
  remove(name: string): void;
  /** Waits until everything is as it should be. */
  settle(chapter: string): Promise<void>;
  pass(ms: number): Promise<void>;
}

const container = (name: string, script: string, rest: object = {}) => ({
  ...{ name, image: IMAGE, command: ['sh', '-c', script] },
  ...rest,
});
const sidecar = (name: string, rest: object = {}) => container(name, POLITE, { restartPolicy: 'Always', ...rest });
const exec = (script: string) => ({ exec: { command: ['sh', '-c', script] } });
const spec = (containers: object[], rest: object = {}) => ({ terminationGracePeriodSeconds: 5, containers, ...rest });

export const STORIES: Readonly<Record<string, (teller: Teller) => Promise<void>>> = {
  'a start, a crash loop, an edit and a stop': async ({ write, remove, settle, pass }) => {
    write('web', spec([container('c0', POLITE), container('c1', 'sleep 1; exit 1')]));
    await settle('the start');
    await pass(15_000);
    write('web', spec([container('c0', POLITE), container('c1', POLITE)]));
    await settle('the edit');
    remove('web');
    await settle('the removal');
  },

  'a sandbox that dies': async ({ world, write, remove, settle, pass }) => {
    write('web', spec([container('main', POLITE)]));
    await settle('the start');
    for (const sandbox of world.runtime.state.sandboxes.values()) if (sandbox.alive) world.runtime.endSandbox(sandbox);
    await pass(100);
    await settle('the new sandbox');
    remove('web');
    await settle('the removal');
  },

  'a pull, and another in the middle of it': async ({ world, write, remove, settle, pass }) => {
    world.runtime.images.registry.set(PULLED, { pullMs: 2000 });
    write('web', spec([container('main', POLITE, { image: PULLED })]));
    await settle('the pull');
    world.runtime.images.registry.set('registry.test/next:1', { pullMs: 3000 });
    write('web', spec([container('main', POLITE, { image: 'registry.test/next:1' })]));
    await pass(1500);
    write('web', spec([container('main', POLITE, { image: PULLED })]));
    await settle('the edit');
    remove('web');
    await settle('the removal');
  },

  'hooks that work, and one that fails': async ({ write, remove, settle, pass }) => {
    const lifecycle = { postStart: exec('sleep 1; exit 0'), preStop: exec('sleep 1; exit 0') };
    const failing = { lifecycle: { postStart: exec('exit 1') } };
    write('web', spec([container('one', POLITE, { lifecycle }), container('two', POLITE)]));
    await settle('the start');
    write('web', spec([container('one', POLITE, { lifecycle }), container('two', POLITE, failing)]));
    await pass(8000);
    write('web', spec([container('one', POLITE, { lifecycle })]));
    await settle('the edit');
    remove('web');
    await settle('the removal');
  },

  'init containers and sidecars': async ({ world, write, remove, settle, pass }) => {
    const initContainers = [
      container('init-1', 'sleep 1; exit 0'),
      sidecar('side-1', { startupProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 } }),
      container('init-2', 'exit 0'),
      sidecar('side-2'),
    ];
    write('web', spec([container('main', POLITE)], { initContainers }));
    await settle('the start');
    for (const one of world.runtime.state.containers.values())
      if (one.config.metadata.name === 'side-1') world.runtime.endProcess(one, 1);
    await pass(1000);
    await settle('the new sidecar');
    remove('web');
    await settle('the removal');
  },

  'a job with a sidecar, and one that fails in its init container': async ({ write, remove, settle }) => {
    const side = { restartPolicy: 'Never', initContainers: [sidecar('side')] };
    const failing = { restartPolicy: 'Never', initContainers: [sidecar('side'), container('init', 'exit 1')] };
    write('job', spec([container('main', 'sleep 2; exit 0')], side));
    write('bad', spec([container('main', POLITE)], failing));
    await settle('the end of both');
    remove('job');
    remove('bad');
    await settle('the removal');
  },

  'all containers start again': async ({ world, write, remove, settle, pass }) => {
    const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }];
    const watcher = container('watcher', POLITE, { restartPolicy: 'Never', restartPolicyRules: rules });
    const initContainers = [container('init', 'exit 0'), sidecar('side')];
    write('web', spec([watcher, container('main', POLITE)], { initContainers }));
    await settle('the start');
    for (const one of world.runtime.state.containers.values())
      if (one.config.metadata.name === 'watcher') world.runtime.endProcess(one, 88);
    await pass(100);
    await settle('the next round');
    remove('web');
    await settle('the removal');
  },

  'a shutdown that is called off': async ({ world, write, remove, settle, pass }) => {
    write('plain', spec([container('main', POLITE)]));
    write('late', spec([container('main', POLITE)], { priority: 5000 }));
    write('once', spec([container('main', POLITE)], { restartPolicy: 'Never' }));
    await settle('the start');
    world.power.prepare(true);
    await pass(6000);
    world.power.prepare(false);
    await settle('all of them again');
    for (const name of ['plain', 'late', 'once']) remove(name);
    await settle('the removal');
  },
};
