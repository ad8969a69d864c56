/** Containers of somebody else on the same runtime. */
import { OWNER } from '../../src/kubelet/labels.ts';
import { Life } from './agent-life.ts';
import { fakeCri } from './fake-cri.ts';
import type { FakeRuntime } from './fake-runtime.ts';
import { Faults, NO_FAULTS } from './faults.ts';
import { Random } from './random.ts';

export const FOREIGN_OWNER = '/somewhere/else';

/** One Pod that looks as much like ours as it can; it runs when this resolves. */
export async function runForeign(runtime: FakeRuntime, image: string): Promise<void> {
  const cri = fakeCri(runtime, new Faults(new Random('foreign'), NO_FAULTS, false), new Life());
  const labels = { [OWNER]: FOREIGN_OWNER, 'io.kubernetes.pod.name': 'theirs' };
  const metadata = { name: 'theirs', namespace: 'default', uid: 'theirs', attempt: 0 };
  const namespaceOptions = { network: 'POD', pid: 'CONTAINER', ipc: 'POD' } as const;
  const sandboxConfig = {
    metadata,
    hostname: 'theirs',
    logDirectory: '',
    dnsConfig: { servers: [], searches: [], options: [] },
    portMappings: [],
    labels,
    annotations: {},
    linux: { cgroupParent: '', securityContext: { namespaceOptions } },
  };
  const sandbox = await cri.runPodSandbox(sandboxConfig, '');
  const containerConfig = {
    metadata: { name: 'theirs', attempt: 0 },
    image: { image },
    command: ['httpd'],
    args: [],
    workingDir: '',
    envs: [],
    mounts: [],
    labels,
    annotations: {},
    logPath: '',
    stdin: false,
    stdinOnce: false,
    tty: false,
    linux: { resources: {}, securityContext: { namespaceOptions } },
  };
  await cri.startContainer(await cri.createContainer(sandbox, containerConfig, sandboxConfig));
}
