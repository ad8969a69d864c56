/** A cloud whose user-data changes as a test goes on, and the agent on a machine in it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { MetadataAgent } from '../../src/metadata/agent.ts';
import { ManifestStore } from '../../src/metadata/manifests.ts';
import { parseSelection } from '../../src/metadata/select.ts';
import { MetadataStatus } from '../../src/metadata/status.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';
import { testEnv } from './env.ts';
import { makeMachine } from './machine.ts';
import { type Answer, metadataServer } from './server.ts';

export function pod(name: string): string {
  return `apiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}\nspec:\n  containers:\n  - name: m\n    image: x:1\n`;
}

/** A Hetzner server, the simplest service that has an instance id, or one of EC2. Its userdata is changed as a test goes on. */
export class Cloud {
  userData: string | Answer | undefined = pod('a');
  instance = '1';
  trust: 'off' | 'require' = 'off';
  down = false;
  /** Something between the machine and its cloud answers everything with a page. */
  portal = false;
  provider: 'hetzner' | 'ec2' = 'hetzner';
  readonly root: string;
  readonly events: string[] = [];
  /** Of the last boot. */
  status = new MetadataStatus();
  #base = '';
  #t: TestContext;

  constructor(t: TestContext, root: string) {
    this.#t = t;
    this.root = root;
  }

  static async start(t: TestContext): Promise<Cloud> {
    const cloud = new Cloud(t, await temporaryDirectory(t));
    const server = await metadataServer(t, ({ url }) => {
      if (cloud.down) return { status: 503 };
      if (cloud.portal) return '<!DOCTYPE html><title>Log in</title>';
      if (url === '/latest/api/token') return 'token';
      if (url === '/latest/meta-data/instance-id') return cloud.instance;
      if (url === '/latest/user-data') return cloud.userData;
      if (url === '/hetzner/v1/metadata') return `instance-id: ${cloud.instance}\n`;
      return url === '/hetzner/v1/userdata' ? cloud.userData : { status: 404 };
    });
    cloud.#base = server.base;
    return cloud;
  }

  /** The agent starts, and runs until `until` is true of the log and the files. */
  async boot(
    until: (log: string[], files: string[], agent: MetadataAgent) => boolean,
    firmware = 'uuid-1',
  ): Promise<{ log: string[]; files: string[]; first: string[] }> {
    const env = testEnv(20);
    this.status = new MetadataStatus();
    const [manifestDirectory, stateDirectory] = [join(this.root, 'pods'), join(this.root, 'state')];
    const agent = new MetadataAgent({
      selection: parseSelection(this.provider),
      machine: await makeMachine(this.#t, { dmi: firmware === '' ? {} : { product_uuid: firmware } }),
      store: new ManifestStore({ manifestDirectory, stateDirectory }),
      nodeName: 'node',
      manifestDirectory,
      trust: this.trust,
      endpoint: this.#base,
      env,
      status: this.status,
      chosen: () => {},
      learn: () => {},
      report: (type, reason, message) => this.events.push(`${type} ${reason} ${message}`),
    });
    const list = async () => (await readdir(manifestDirectory).catch(() => [])).sort();
    await agent.prepare();
    const first = await list();
    const stop = new AbortController();
    const running = agent.run(stop.signal);
    let files = await list();
    while (!until(env.lines, files, agent)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      files = await list();
    }
    stop.abort();
    await running;
    return { log: env.lines, files, first };
  }
}

export const logged = (text: string) => (log: string[]) => log.some((line) => line.includes(text));
export const FILE = 'rower-metadata-user-data.yaml';
