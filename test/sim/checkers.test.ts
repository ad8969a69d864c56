/** A checker that cannot fire checks nothing: each one is shown an agent that does what it forbids. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cri } from '../../src/cri/port.ts';
import { containerAnnotations, containerLabels, sandboxAnnotations, sandboxLabels } from '../../src/kubelet/labels.ts';
import type { Published } from '../../src/kubelet/published.ts';
import type { Revision } from '../../src/kubelet/types.ts';
import { Life } from './agent-life.ts';
import { CHECKERS } from './checkers.ts';
import { Desire } from './desire.ts';
import { fakeCri } from './fake-cri.ts';
import { watch } from './watch.ts';
import { NODE, World } from './world.ts';

const SERVE = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'];
const namespaceOptions = { network: 'POD', pid: 'CONTAINER', ipc: 'POD' } as const;

/** A bad agent, by hand. */
class Hand {
  readonly world = new World({ seed: 'hand', runtime: { jitter: false, reserveNames: false } });
  readonly desire = new Desire(this.world.directory, () => this.world.clock.elapsedMs);
  readonly violations: string[] = [];
  readonly #cri: Cri = fakeCri(this.world.runtime, this.world.criFaults, new Life());

  constructor() {
    watch(this.world, this.desire, (message) => this.violations.push(message));
    this.world.runtime.images.add('localhost/busybox:1');
  }

  want(file: string, name: string, hostPort?: number): Revision {
    const ports = hostPort === undefined ? [] : [{ containerPort: 80, hostPort }];
    const container = { name: 'main', image: 'localhost/busybox:1', command: SERVE, ports };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [container] } };
    this.world.directory.write(file, JSON.stringify(pod));
    const [revision] = this.world.directory.parse(file).revisions;
    assert.ok(revision);
    return revision;
  }

  /** The agent says that it knows these. */
  know(...revisions: Revision[]): void {
    const pods = revisions.map(({ key, pod, origin }) => ({ key, pod, origin, waits: [] }));
    this.desire.heard({ pods, sourcesKnown: true } as unknown as Published);
  }

  async do<T>(call: (cri: Cri) => Promise<T>, waitMs = 5000): Promise<T> {
    const answer = call(this.#cri);
    await this.world.clock.advance(waitMs);
    return answer;
  }

  sandbox(revision: Revision, attempt = 0, rootDir = NODE.rootDir): Promise<string> {
    return this.do((cri) => cri.runPodSandbox(this.#sandboxConfig(revision, attempt, rootDir), ''));
  }

  container(
    revision: Revision,
    sandbox: string,
    attempt: number,
    restartCount = attempt,
    backOffMs = 0,
  ): Promise<string> {
    const [container] = revision.pod.spec.containers;
    assert.ok(container);
    const config = {
      metadata: { name: container.name, attempt },
      image: { image: container.image },
      command: container.command ?? [],
      args: [],
      workingDir: '',
      envs: [],
      mounts: [],
      labels: containerLabels(revision.pod, container.name, this.#ownerOf(sandbox)),
      annotations: containerAnnotations(revision.pod, container, { restartCount, backOffMs, hash: '', epoch: 0 }),
      logPath: '',
      stdin: false,
      stdinOnce: false,
      tty: false,
      linux: { resources: {}, securityContext: { namespaceOptions } },
    };
    return this.do((cri) => cri.createContainer(sandbox, config, this.#sandboxConfig(revision, 0, NODE.rootDir)));
  }

  async running(
    revision: Revision,
    sandbox: string,
    attempt: number,
    restartCount = attempt,
    backOffMs = 0,
  ): Promise<string> {
    const id = await this.container(revision, sandbox, attempt, restartCount, backOffMs);
    await this.do((cri) => cri.startContainer(id));
    return id;
  }

  #ownerOf(sandbox: string): string {
    return this.world.runtime.sandbox(sandbox)?.config.labels['rower.dev/root-dir'] ?? '';
  }

  #sandboxConfig(revision: Revision, attempt: number, rootDir: string) {
    const { name, namespace, uid } = revision.pod.metadata;
    return {
      metadata: { name, namespace, uid, attempt },
      hostname: name,
      logDirectory: '',
      dnsConfig: { servers: [], searches: [], options: [] },
      portMappings: [],
      labels: sandboxLabels(revision.pod, rootDir),
      annotations: sandboxAnnotations(revision, 0),
      linux: { cgroupParent: '', securityContext: { namespaceOptions } },
    };
  }
}

const CRIMES: Record<string, (hand: Hand) => Promise<unknown>> = {
  'one instance of a container runs at a time': async (hand) => {
    const web = hand.want('web.yaml', 'web');
    const sandbox = await hand.sandbox(web);
    await hand.running(web, sandbox, 0);
    await hand.running(web, sandbox, 1);
  },
  'a revision gets its sandbox only after the former one was stopped': async (hand) => {
    await hand.sandbox(hand.want('web.yaml', 'web'));
    await hand.sandbox(hand.want('web.yaml', 'web', 80));
  },
  'host ports are held once': async (hand) => {
    await hand.sandbox(hand.want('a.yaml', 'a', 80));
    await hand.sandbox(hand.want('b.yaml', 'b', 80));
  },
  'a running container that is wanted as it is stays untouched': async (hand) => {
    const web = hand.want('web.yaml', 'web');
    hand.know(web);
    const id = await hand.running(web, await hand.sandbox(web), 0);
    await hand.do((cri) => cri.stopContainer(id, 30));
  },
  'a container is killed only after its grace period': async (hand) => {
    const web = hand.want('web.yaml', 'web');
    const sandbox = await hand.sandbox(web);
    await hand.running(web, sandbox, 0);
    hand.world.directory.remove('web.yaml');
    await hand.do((cri) => cri.stopPodSandbox(sandbox));
  },
  'nothing of another owner is touched': async (hand) => {
    const theirs = await hand.sandbox(hand.want('web.yaml', 'web'), 0, '/somewhere/else');
    await hand.do((cri) => cri.removePodSandbox(theirs));
  },
  'the restart count of a revision never goes back': async (hand) => {
    const web = hand.want('web.yaml', 'web');
    hand.know(web);
    const sandbox = await hand.sandbox(web);
    const first = await hand.running(web, sandbox, 5);
    await hand.do((cri) => cri.removeContainer(first));
    await hand.running(web, sandbox, 0);
  },
  'the newest container of a name goes only when another carries its history': async (hand) => {
    const web = hand.want('web.yaml', 'web');
    hand.know(web);
    const id = await hand.running(web, await hand.sandbox(web), 3);
    await hand.do((cri) => cri.removeContainer(id));
  },
  'back-off': async (hand) => {
    const web = hand.want('web.yaml', 'web');
    hand.know(web);
    const sandbox = await hand.sandbox(web);
    for (const attempt of [0, 1, 2]) {
      const id = await hand.running(web, sandbox, attempt, attempt, attempt * 10_000);
      const container = hand.world.runtime.container(id);
      assert.ok(container);
      hand.world.runtime.endProcess(container, 1);
    }
  },
};

for (const [rule, crime] of Object.entries(CRIMES)) {
  test(`the checker "${rule}" sees it broken`, async () => {
    const hand = new Hand();
    await crime(hand);
    assert.ok(
      hand.violations.some((violation) => violation.startsWith(`${rule}:`)),
      `only seen: ${hand.violations.join('; ') || 'nothing'}`,
    );
  });
}

test('every checker has been shown its crime', () => {
  assert.deepEqual(Object.keys(CRIMES).sort(), [...Object.keys(CHECKERS), 'back-off'].sort());
});
