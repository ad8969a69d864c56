/**
 * The language of the golden scripts: commands to a simulated machine without faults, each followed by what it prints.
 *
 *     $ manifest web.yaml <<EOF …        writes a file into the manifest directory; the text ends with a line `EOF`
 *     $ remove web.yaml
 *     $ image NAME present | pinned | absent | pulls 30s | fails TEXT | needs USER:PASSWORD
 *     $ archive FILE NAME                an archive with that image appears in <root>/images
 *     $ images | disk 90%                what is on the machine; how full the disk of the images is
 *     $ start-agent | kill-agent | stop-agent
 *     $ tick 30s                         lets time pass; prints the calls that change something, and every exit
 *     $ until RunPodSandbox              lets time pass until the agent has sent that call
 *     $ exit POD CONTAINER CODE [REASON] the process ends
 *     $ say POD CONTAINER TEXT           it writes that into its termination log; `log` into its log
 *     $ probe POD CONTAINER ok | fails   what it answers to probes over the network from now on
 *     $ lose POD CONTAINER unknown | gone   the runtime does not know its state any more; somebody removed it
 *     $ kill-sandbox POD                 its own process dies, the containers live on
 *     $ foreign                          somebody else runs a container on the same runtime
 *     $ groups 0=30s 1000=10s            who has how long when the machine goes down; before the agent starts
 *     $ shutdown | stay-up               the machine is about to go down; it stays up after all
 *     $ crash-runtime | recover-runtime | reboot
 *     $ clock +1h                        the wall clock jumps
 *     $ get pods | status POD | plan POD | next POD | containers | events POD | events-of-node | problems
 *
 * POD is the name as in the manifest. To add a command: a row in `COMMANDS`.
 */
import { podCells } from '../../src/http/printer.ts';
import type { ShutdownGroup } from '../../src/kubelet/plan/shutdown.ts';
import type { PodView } from '../../src/kubelet/published.ts';
import type { ContainerStatus } from '../../src/kubelet/types.ts';
import { runForeign } from '../sim/foreign.ts';
import type { ContainerEntry, Fact, SandboxEntry } from '../sim/runtime-state.ts';
import { containerState } from '../sim/runtime-state.ts';
import { NODE, World } from '../sim/world.ts';

const PATIENCE_MS = 3_600_000;
const READING = /^(List|Version|Status|RuntimeConfig|ImageStatus|ImageFsInfo)|Status$/;
const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

type Command = (session: Session, args: readonly string[], text: string) => void | Promise<void>;

const COMMANDS: Record<string, Command> = {
  manifest: ({ world }, [file = ''], text) => world.directory.write(file, text),
  remove: ({ world }, [file = '']) => world.directory.remove(file),
  image: (session, [name = '', what = '', ...rest]) => session.image(name, what, rest.join(' ')),
  'start-agent': async ({ world }) => {
    world.startAgent();
    await world.clock.settle();
  },
  'kill-agent': ({ world }) => world.killAgent(),
  'stop-agent': async ({ world }) => {
    world.stopAgent();
    await world.clock.settle();
  },
  tick: async ({ world }, [time = '']) => world.clock.advance(milliseconds(time)),
  until: (session, [call = '']) => session.until(call),
  exit: (session, [pod = '', container = '', code = '', reason = '']) => {
    session.world.runtime.endProcess(session.container(pod, container), Number(code), reason);
  },
  'kill-sandbox': (session, [pod = '']) => session.world.runtime.endSandbox(session.sandbox(pod)),
  'crash-runtime': ({ world }) => world.runtime.crash(),
  'recover-runtime': ({ world }) => world.runtime.recover(),
  reboot: ({ world }) => {
    world.killAgent();
    world.runtime.reboot();
  },
  clock: ({ world }, [by = '']) => world.clock.jumpWall(milliseconds(by.slice(1)) * (by.startsWith('-') ? -1 : 1)),
  get: (session) => session.getPods(),
  status: (session, [pod = '']) => session.status(session.view(pod)),
  plan: (session, [pod = '']) => session.waits(session.view(pod)),
  next: (session, [pod = '']) => session.next(session.view(pod)),
  containers: (session) => session.containers(),
  events: (session, [pod = '']) => session.events(pod),
  problems: (session) => session.problems(),
  'events-of-node': (session) => session.eventsOf(NODE.name),
  archive: ({ world }, [file = '', image = '']) =>
    world.storage.putArchive(file, image, world.clock.nowMs() - 3_600_000),
  images: (session) => session.images(),
  disk: ({ world }, [full = '']) => {
    world.storage.fullPercent = Number.parseInt(full, 10);
  },
  say: (session, [pod = '', container = '', ...text]) => session.say(pod, container, text.join(' ')),
  log: (session, [pod = '', container = '', ...text]) => session.log(pod, container, text.join(' ')),
  probe: (session, [pod = '', container = '', answer = '']) => {
    session.probes.set(`${pod}-${NODE.name}/${container}`, answer === 'ok');
  },
  lose: (session, [pod = '', container = '', how = '']) => session.lose(session.container(pod, container), how),
  foreign: async ({ world }) => {
    const made = runForeign(world.runtime, 'localhost/busybox:1');
    await world.clock.advance(1000);
    await made;
  },
  groups: (session, args) => session.groups(args),
  shutdown: async ({ world }) => {
    world.power.prepare(true);
    await world.clock.settle();
  },
  'stay-up': async ({ world }) => {
    world.power.prepare(false);
    await world.clock.settle();
  },
};

export class Session {
  readonly world: World;
  /** By `pod/container`; absent: all is well. */
  readonly probes = new Map<string, boolean>();
  readonly #groups: ShutdownGroup[] = [];
  #output: string[] = [];
  #lastCall = '';

  constructor() {
    this.world = new World({
      seed: 'golden',
      runtime: { jitter: false, reserveNames: true },
      shutdownGroups: this.#groups,
      probe: async ({ target: { pod, container } }) =>
        this.probes.get(`${pod.metadata.name}/${container.name}`) === false
          ? { result: 'failure', output: 'connection refused' }
          : { result: 'success', output: '' },
      onCall: (call, target) => {
        this.#lastCall = call;
        if (!READING.test(call)) this.#happened(`${call} ${this.#named(target)}`);
      },
    });
    this.world.power.onReleased = () => {
      if (this.world.power.preparing) this.#happened('the machine is let go');
    };
    this.world.runtime.images.add('localhost/busybox:1');
    this.world.runtime.state.onFact((fact) => this.#fact(fact));
  }

  /** Runs one command line; returns what it printed. */
  async run(line: string, text: string): Promise<string[]> {
    const [name = '', ...args] = line.trim().split(/\s+/);
    const command = COMMANDS[name];
    if (!command) throw new Error(`the golden scripts know no command "${name}"`);
    this.#output = [];
    await command(this, args, text);
    return this.#output;
  }

  print(line: string): void {
    this.#output.push(line.trimEnd());
  }

  async until(call: string): Promise<void> {
    this.#lastCall = '';
    const sent = await this.world.clock.until(() => this.#lastCall === call, PATIENCE_MS);
    if (!sent) this.print(`${call} is not sent`);
  }

  image(name: string, what: string, argument: string): void {
    const { images } = this.world.runtime;
    if (what === 'present') images.add(name);
    else if (what === 'pinned') images.add(name, {}, true);
    else if (what === 'needs') images.registry.set(name, { pullMs: 500, login: argument });
    else if (what === 'absent') images.remove(name);
    else if (what === 'pulls') images.registry.set(name, { pullMs: milliseconds(argument) });
    else images.registry.set(name, { pullMs: 500, error: argument });
  }

  images(): void {
    for (const { repoTags, pinned } of this.world.runtime.images.list())
      this.print(`${repoTags[0]}${pinned ? ' pinned' : ''}`);
  }

  groups(args: readonly string[]): void {
    for (const arg of args) {
      const [priority = '', period = ''] = arg.split('=');
      this.#groups.push({ priority: Number(priority), periodMs: milliseconds(period) });
    }
  }

  say(pod: string, name: string, text: string): void {
    const { labels, metadata } = this.container(pod, name).config;
    const key = `${labels['io.kubernetes.pod.uid']}/${name}/${metadata.attempt}`;
    this.world.disk.terminationLogs.set(key, text);
  }

  log(pod: string, name: string, text: string): void {
    const { logPath } = this.container(pod, name).config;
    this.world.disk.logs.set(`${this.sandbox(pod).config.logDirectory}/${logPath}`, text);
  }

  lose(container: ContainerEntry, how: string): void {
    if (how === 'unknown') container.unknown = true;
    else this.world.runtime.state.containers.delete(container.id);
  }

  view(pod: string): PodView {
    const views = this.world.agent?.kubelet.published().pods ?? [];
    const found = views.find(({ pod: { metadata } }) => metadata.name === `${pod}-${NODE.name}`);
    if (!found) throw new Error(`the agent shows no Pod ${pod}`);
    return found;
  }

  sandbox(pod: string): SandboxEntry {
    const found = [...this.world.runtime.state.sandboxes.values()].find(
      (sandbox) => sandbox.alive && podOf(sandbox) === pod,
    );
    if (!found) throw new Error(`no sandbox of ${pod} runs`);
    return found;
  }

  container(pod: string, name: string): ContainerEntry {
    const found = this.world.runtime.state
      .inSandbox(this.sandbox(pod).id)
      .find(({ config, process }) => config.metadata.name === name && process?.running);
    if (!found) throw new Error(`${name} of ${pod} does not run`);
    return found;
  }

  /** As `kubectl get pods` prints them. */
  getPods(): void {
    const views = this.world.agent?.kubelet.published().pods ?? [];
    const rows = views.map(({ pod }) => podCells(pod, this.world.clock.nowMs()).slice(0, 5).map(String));
    if (rows.length === 0) this.print('no Pods');
    else this.#table([['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE'], ...rows]);
  }

  status({ pod, held }: PodView): void {
    const { phase, reason, message, podIP, conditions = [] } = pod.status ?? {};
    const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
    this.print(['phase', phase, reason, message, podIP].filter(Boolean).join(' '));
    const unmet = conditions.filter(({ status }) => status !== 'True').map(({ type }) => type);
    if (conditions.length > 0) this.print(`not true: ${unmet.join(' ') || 'none'}`);
    for (const status of initContainerStatuses) this.print(`init ${containerLine(status)}`);
    for (const status of containerStatuses) this.print(containerLine(status));
    if (held) this.print(`held: ${held}`);
  }

  waits({ waits }: PodView): void {
    if (waits.length === 0) this.print('waits for nothing');
    for (const { container, reason, message, untilMs } of waits) {
      const left = untilMs === undefined ? '' : ` for ${((untilMs - this.world.clock.nowMs()) / 1000).toFixed(1)}s`;
      this.print(`${container ?? 'the Pod'}: ${reason}${left}${message ? `: ${plain(message)}` : ''}`);
    }
  }

  next({ key }: PodView): void {
    for (const what of this.world.agent?.kubelet.insight(key).next.what ?? []) this.print(what);
  }

  /** What is there for real. */
  containers(): void {
    const { state } = this.world.runtime;
    const rows = [...state.sandboxes.values()].flatMap((sandbox) => [
      [this.#sandboxName(sandbox), sandbox.alive ? 'ready' : 'notready', sandbox.ips.join()],
      ...state
        .inSandbox(sandbox.id)
        .map((container) => [`  ${this.#containerName(container)}`, containerText(container), '']),
    ]);
    if (rows.length === 0) this.print('nothing');
    else this.#table(rows);
  }

  events(pod: string): void {
    this.eventsOf(`${pod}-${NODE.name}`);
  }

  eventsOf(name: string): void {
    const events = this.world.agent?.events.list() ?? [];
    for (const { object, type, reason, message, count } of events) {
      if (object.name === name) this.print(`${type} ${reason} x${count} ${plain(message)}`);
    }
  }

  problems(): void {
    for (const { origin, problem } of this.world.agent?.kubelet.published().problems ?? []) {
      const place = problem.line === undefined ? '' : `:${problem.line}:${problem.column}`;
      this.print(`${origin.location}${place} ${problem.severity} ${problem.field} ${problem.message}`);
    }
  }

  #fact(fact: Fact): void {
    if (fact.kind === 'container-exited') {
      const { exit } = fact.container;
      this.#happened(`  ${this.#containerName(fact.container)} exits ${exit?.exitCode} ${exit?.reason ?? ''}`);
    } else if (fact.kind === 'container-started') this.#happened(`  ${this.#containerName(fact.container)} runs`);
    else if (fact.kind === 'container-signalled')
      this.#happened(`  ${this.#containerName(fact.container)} gets SIG${fact.signal}`);
  }

  #happened(text: string): void {
    this.print(`${(this.world.clock.elapsedMs / 1000).toFixed(1).padStart(7)}s ${text}`);
  }

  /** Ids in the words of a reader. */
  #named(target: string): string {
    return plain(
      target.replace(/\b[sc]\d{4}\b/g, (id) => {
        const sandbox = this.world.runtime.sandbox(id);
        const container = this.world.runtime.container(id);
        if (container) return this.#containerName(container);
        return sandbox ? this.#sandboxName(sandbox) : id;
      }),
    );
  }

  #sandboxName(sandbox: SandboxEntry): string {
    return `${podOf(sandbox)}#${sandbox.config.metadata.attempt}`;
  }

  #containerName({ config, sandboxId }: ContainerEntry): string {
    const sandbox = this.world.runtime.state.sandboxes.get(sandboxId);
    return `${sandbox ? podOf(sandbox) : '?'}/${config.metadata.name}#${config.metadata.attempt}`;
  }

  #table(rows: string[][]): void {
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    for (const row of rows) this.print(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   '));
  }
}

function podOf(sandbox: SandboxEntry): string {
  return sandbox.config.metadata.name.replace(new RegExp(`-${NODE.name}$`), '');
}

function containerText(container: ContainerEntry): string {
  const state = containerState(container);
  return state === 'exited' ? `exited ${container.exitCode} ${container.reason}`.trimEnd() : state;
}

function containerLine({ name, state = {}, lastState = {}, ready, restartCount }: ContainerStatus): string {
  const { waiting, terminated, running } = state;
  const now = waiting
    ? `waiting ${waiting.reason ?? ''}${waiting.message ? `: ${plain(waiting.message)}` : ''}`
    : terminated
      ? `terminated ${ending(terminated)}`
      : running
        ? 'running'
        : 'nothing';
  const before = lastState.terminated ? `, before that ${ending(lastState.terminated)}` : '';
  return `${name}: ${now}${before}; restarts ${restartCount}; ${ready ? 'ready' : 'not ready'}`;
}

function ending({ exitCode, reason, message }: NonNullable<ContainerStatus['state']>['terminated'] & object): string {
  return `${exitCode} ${reason}${message ? `: ${plain(message)}` : ''}`;
}

/** Without what changes with every spelling of a manifest: uids, and image ids. */
function plain(text: string): string {
  return text.replace(/\b[0-9a-f]{32}\b/g, 'UID').replace(/sha256:[0-9a-f]{64}/g, 'IMAGE');
}

function milliseconds(time: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(time);
  if (!match) throw new Error(`"${time}" is not a time such as 30s`);
  return Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
}
