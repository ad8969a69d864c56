/** A private containerd on the bench of `script.ts`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startContainerd } from '../../hack/containerd.ts';
import { realEnv } from '../../hack/env.ts';
import { createCriClient } from '../../src/cri/client.ts';
import { runScript } from './script.ts';

export async function scriptOnContainerd(log?: (line: string) => void): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-'));
  const containerd = await startContainerd({ dir: join(dir, 'c'), ...(log && { log }) });
  const client = createCriClient({ endpoints: [containerd.endpoint], imageEndpoint: '', env: realEnv() });
  try {
    return await runScript({
      cri: client.cri,
      image: 'localhost/busybox:1',
      logDirectory: dir,
      cgroupParent: containerd.cgroupRoot,
      name: 'real',
      sleep: (ms) => delay(ms),
      killProcess: async (id) => void (await containerd.ctr(['tasks', 'kill', '-s', 'SIGKILL', id])),
      crash: () => containerd.kill9(),
      recover: async () => {
        await containerd.restart();
        // A channel that lost its server takes up to a second to come back.
        for (let left = 100; left > 0; left -= 1) {
          if (
            await client.cri.version().then(
              () => true,
              () => false,
            )
          )
            return;
          await delay(100);
        }
      },
    });
  } finally {
    client.close();
    await containerd.stop();
    await rm(dir, { recursive: true, force: true });
  }
}
