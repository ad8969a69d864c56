/** The things that happen to a machine: edits, crashes, exits, jumps of the clock. Only during storms. */
import { OWNER } from '../../src/kubelet/labels.ts';
import { FOREIGN_OWNER, runForeign } from './foreign.ts';
import { broken, randomPod, resized } from './manifests.ts';
import type { Plan, Rates } from './plan.ts';
import type { Random } from './random.ts';
import { isRunning } from './runtime-state.ts';
import type { World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const IMAGES = [
  'localhost/busybox:1',
  'registry.test/slow:1',
  'registry.test/flaky:1',
  'registry.test/gone:1',
  'registry.test/archived:1',
] as const;
const HOST_PORTS = [80, 443, 8080];

export class Disturbances {
  readonly #world: World;
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #onJump: () => void;
  readonly #goodTexts = new Map<string, string>();
  #round = 0;
  #edits = 0;
  #running = false;

  constructor(world: World, plan: Plan, onJump: () => void) {
    this.#world = world;
    this.#plan = plan;
    this.#random = world.random.child('disturbances');
    this.#onJump = onJump;
  }

  /** The machine before the first agent: images, somebody else's containers, a few Pods. */
  async begin(): Promise<void> {
    const { runtime, clock } = this.#world;
    runtime.images.add(IMAGES[0]);
    runtime.images.registry.set(IMAGES[0], { pullMs: 50 });
    runtime.images.registry.set(IMAGES[1], { pullMs: 40_000 });
    runtime.images.registry.set(IMAGES[2], { pullMs: 500, error: 'registry is on fire' });
    this.#world.storage.putArchive('archived.tar', IMAGES[4], clock.nowMs() - HOUR_MS);
    const made = runForeign(runtime, IMAGES[0]);
    await clock.advance(5000);
    await made;
    for (let index = 0; index < this.#plan.pods; index += 1) this.#edit();
    this.#world.startAgent();
  }

  start(): void {
    this.#running = true;
    this.#round += 1;
    const round = this.#round;
    const kinds: { [K in keyof Rates]: () => void } = {
      edit: () => this.#edit(),
      breakFile: () => this.#breakFile(),
      killAgent: () => this.#killAgent(),
      crashRuntime: () => this.#crashRuntime(),
      killSandbox: () => this.#killSandbox(),
      endContainer: () => this.#endContainer(),
      jumpClock: () => this.#jumpClock(),
      reboot: () => this.#reboot(),
      registry: () => this.#registry(),
      shutdown: () => this.#shutdown(),
    };
    for (const kind of Object.keys(kinds) as (keyof Rates)[]) {
      const perHour = this.#plan.rates[kind];
      if (perHour === 0) continue;
      const random = this.#random.child(`${kind} ${round}`);
      const next = () =>
        this.#world.clock.after((-Math.log(1 - random.next()) * HOUR_MS) / perHour, () => {
          if (!this.#running || this.#round !== round) return;
          this.#world.trace(`* ${kind}`);
          kinds[kind]();
          next();
        });
      next();
    }
  }

  stop(): void {
    this.#running = false;
  }

  /** Everything runs again. `all`: broken manifests are mended and every image can be had, too. */
  async heal(all: boolean): Promise<void> {
    const { runtime } = this.#world;
    runtime.recover();
    this.#world.power.prepare(false);
    this.#world.agent?.life.killAfter(Infinity);
    if (!this.#world.agent) this.#world.startAgent();
    if (!all) return;
    runtime.images.registry.set(IMAGES[2], { pullMs: 500 });
    for (const [name, text] of this.#goodTexts) this.#world.directory.write(name, text);
  }

  #edit(): void {
    const { directory } = this.#world;
    const random = this.#random;
    const number = random.between(0, this.#plan.pods - 1);
    const name = `pod-${number}`;
    const file = `${random.chance(0.1) ? 'a-' : ''}${name}.yaml`;
    if (random.chance(0.25) && this.#goodTexts.size > 1) {
      this.#goodTexts.delete(file);
      directory.remove(file);
      return;
    }
    const before = this.#goodTexts.get(file);
    // Now and then back to what is there already, or two Pods in one file.
    const vocabulary = { images: IMAGES, hostPorts: HOST_PORTS };
    let text = randomPod(random, name, vocabulary).text;
    if (random.chance(0.1)) text += `---\n${randomPod(random, `${name}-too`, vocabulary).text}`;
    if (random.chance(0.1) && before !== undefined) text = before;
    this.#edits += 1;
    const other = random.child(`resize ${this.#edits}`);
    if (other.chance(0.3) && before !== undefined) text = resized(other, before);
    this.#goodTexts.set(file, text);
    directory.write(file, text);
    // An editor that goes back at once.
    if (random.chance(0.1) && before !== undefined) {
      this.#world.clock.after(random.between(1, 3000), () => {
        if (directory.read(file) !== text) return;
        this.#goodTexts.set(file, before);
        directory.write(file, before);
      });
    }
  }

  #breakFile(): void {
    const file = this.#random.pick([...this.#goodTexts.keys()]);
    if (file === undefined) return;
    const text = this.#goodTexts.get(file) ?? '';
    this.#world.directory.write(file, this.#random.chance(0.3) ? text : broken(this.#random, text));
  }

  #killAgent(): void {
    const random = this.#random;
    const { agent, clock } = this.#world;
    if (!agent) return;
    if (random.chance(0.5)) this.#world.killAgent();
    else agent.life.killAfter(random.between(0, 60));
    const delayMs = random.pick([0, 100, 2000, random.between(0, 60_000), random.between(0, 600_000)]);
    const restart = () => {
      if (!this.#world.agent) this.#world.startAgent();
    };
    agent.life.onDeath(() => clock.after(delayMs, restart));
    if (!agent.life.alive) clock.after(delayMs, restart);
  }

  #crashRuntime(): void {
    const { runtime, clock } = this.#world;
    runtime.crash();
    clock.after(this.#random.pick([100, 2000, this.#random.between(0, 120_000)]), () => runtime.recover());
  }

  #killSandbox(): void {
    const sandboxes = [...this.#world.runtime.state.sandboxes.values()].filter(
      (sandbox) => sandbox.alive && !this.#isForeign(sandbox),
    );
    const sandbox = this.#random.pick(sandboxes);
    if (!sandbox) return;
    this.#world.runtime.endSandbox(sandbox);
    if (this.#random.chance(0.5)) return;
    for (const container of this.#world.runtime.state.inSandbox(sandbox.id))
      this.#world.runtime.endProcess(container, 137);
  }

  #endContainer(): void {
    const { state } = this.#world.runtime;
    const running = [...state.containers.values()].filter(
      (container) => isRunning(container) && !this.#isForeign(container),
    );
    const container = this.#random.pick(running);
    const [code, reason] = this.#random.pick<readonly [number, string]>([
      [0, ''],
      [1, ''],
      [137, 'OOMKilled'],
    ]);
    if (container) this.#world.runtime.endProcess(container, code, reason);
  }

  #jumpClock(): void {
    const seconds = this.#random.pick([1, 60, 3600, 86_400, 31_536_000]);
    this.#world.clock.jumpWall(seconds * 1000 * this.#random.pick([1, -1]));
    this.#onJump();
  }

  #reboot(): void {
    this.#world.killAgent();
    this.#world.runtime.reboot();
    this.#world.power.prepare(false);
    this.#world.clock.after(this.#random.between(1000, 60_000), () => {
      if (!this.#world.agent) this.#world.startAgent();
    });
  }

  /** It is called off after a while, or the machine goes down when it is let go: two minutes later at the latest. */
  #shutdown(): void {
    const { power, clock } = this.#world;
    if (power.preparing) return;
    power.prepare(true);
    if (this.#random.chance(0.4)) {
      clock.after(this.#random.between(0, 60_000), () => power.prepare(false));
      return;
    }
    const untilMs = clock.elapsedMs + 2 * MINUTE_MS;
    const wait = () => {
      if (!power.preparing) return;
      if (power.locked && clock.elapsedMs < untilMs) clock.after(200, wait);
      else this.#reboot();
    };
    clock.after(200, wait);
  }

  #registry(): void {
    const { registry } = this.#world.runtime.images;
    const ok = this.#random.chance(0.5);
    registry.set(IMAGES[2], { pullMs: 500, ...(!ok && { error: 'registry is on fire' }) });
    if (this.#random.chance(0.3)) this.#world.runtime.images.remove(this.#random.pick(IMAGES));
  }

  #isForeign({ config }: { config: { labels: Record<string, string> } }): boolean {
    return config.labels[OWNER] === FOREIGN_OWNER;
  }
}
