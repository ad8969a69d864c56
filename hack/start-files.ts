/** The files of the quick start, and what must be free before it begins. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { ROOT } from './root.ts';

/** Why the quick start cannot go on; the message is all that is shown. */
export class StartError extends Error {}

export class StartFiles {
  /** Holds everything. */
  readonly state: string;
  readonly pods: string;
  readonly logFile: string;
  readonly pidFile: string;
  readonly config: string;
  /** The manifests while the Pods are being removed: the agent sees an empty world. */
  readonly #putAside: string;

  constructor(state: string) {
    const demo = path.join(state, 'demo');
    this.state = state;
    this.pods = path.join(demo, 'pods');
    this.#putAside = path.join(demo, 'pods.stopped');
    this.logFile = path.join(demo, 'agent.log');
    this.pidFile = path.join(demo, 'agent.pid');
    this.config = path.join(demo, 'config.yaml');
  }

  /** A directory beside the manifests. */
  directory(name: string): string {
    return path.join(path.dirname(this.pods), name);
  }

  /** Takes the state directory for this process, as long as it lives, and copies the example manifests if there are none. */
  async prepare(): Promise<void> {
    mkdirSync(path.dirname(this.pods), { recursive: true });
    await this.#requireAlone();
    if (existsSync(this.#putAside) && !existsSync(this.pods)) renameSync(this.#putAside, this.pods);
    if (!existsSync(this.pods)) cpSync(path.join(ROOT, 'examples', 'pods'), this.pods, { recursive: true });
  }

  writeConfig(cgroupRoot: string): void {
    const settings = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', cgroupRoot };
    writeFileSync(this.config, `${JSON.stringify(settings, undefined, 2)}\n`);
  }

  /** Runs `work` while there is not one manifest. */
  async withoutPods(work: () => Promise<void>): Promise<void> {
    renameSync(this.pods, this.#putAside);
    try {
      await work();
    } finally {
      renameSync(this.#putAside, this.pods);
    }
  }

  /** Ports of this machine that the manifests ask for. */
  hostPorts(): number[] {
    const names = readdirSync(this.pods, { withFileTypes: true }).filter((entry) => entry.isFile());
    const texts = names.map(({ name }) => readFileSync(path.join(this.pods, name), 'utf8'));
    const found = texts.flatMap((text) => [...text.matchAll(/^\s*(?:- )?hostPort:\s*(\d+)\s*$/gm)]);
    return found.map((match) => Number(match[1]));
  }

  logTail(lines: number): string {
    return existsSync(this.logFile)
      ? readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
      : '';
  }

  /** An abstract socket is given back at the very moment the process ends. */
  async #requireAlone(): Promise<void> {
    const { dev, ino } = statSync(this.state);
    const problem = await listen({ path: `\0rower-start-${dev}-${ino}` }, 'keep');
    if (problem) throw new StartError('it is running already; stop the other one with Ctrl-C first');
  }
}

/** Throws StartError when another program listens on the port. */
export async function requireFree(port: number, remedy: string): Promise<void> {
  const problem = await listen({ port, exclusive: true }, 'close');
  if (problem?.code === 'EADDRINUSE') throw new StartError(`port ${port} is in use by another program: ${remedy}`);
  if (problem) throw new StartError(`port ${port} cannot be used: ${problem.message}`);
}

function listen(options: net.ListenOptions, then: 'keep' | 'close'): Promise<NodeJS.ErrnoException | undefined> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once('error', resolve);
    server.listen(options, () => {
      if (then === 'close') server.close(() => resolve(undefined));
      else resolve(undefined);
      server.unref();
    });
  });
}
