/** The fake runtime on the bench of `script.ts`. */
import { Life } from './agent-life.ts';
import { Clock } from './env.ts';
import { fakeCri } from './fake-cri.ts';
import { FakeRuntime } from './fake-runtime.ts';
import { Faults, NO_FAULTS } from './faults.ts';
import { Random } from './random.ts';
import { runScript } from './script.ts';

export async function scriptOnFake(seed: string): Promise<string[]> {
  const clock = new Clock();
  const random = new Random(seed);
  const runtime = new FakeRuntime(clock, random.child('runtime'), { jitter: true, reserveNames: true });
  const image = 'localhost/busybox:1';
  runtime.images.add(image);
  const cri = fakeCri(runtime, new Faults(random.child('faults'), NO_FAULTS, true), new Life());
  let lines: string[] | undefined;
  let failure: unknown;
  runScript({
    cri,
    image,
    logDirectory: '/var/log/pods',
    cgroupParent: '',
    name: 'fake',
    sleep: (ms) => clock.sleep(ms),
    killProcess: async (id) => {
      const sandbox = runtime.sandbox(id);
      const container = runtime.container(id);
      if (sandbox) runtime.endSandbox(sandbox);
      if (container) runtime.endProcess(container, 137);
    },
    crash: async () => runtime.crash(),
    recover: async () => runtime.recover(),
  }).then(
    (result) => {
      lines = result;
    },
    (error: unknown) => {
      failure = error;
    },
  );
  await clock.until(() => lines !== undefined || failure !== undefined, 3_600_000);
  if (failure !== undefined) throw failure;
  if (!lines) throw new Error('the script did not end');
  return lines;
}
