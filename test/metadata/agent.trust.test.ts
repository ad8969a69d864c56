/** What the agent remembers of signed user-data, and what it does when that is gone. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MetadataAgent } from '../../src/metadata/agent.ts';
import { ManifestStore } from '../../src/metadata/manifests.ts';
import { parseSelection } from '../../src/metadata/select.ts';
import { testEnv } from './env.ts';
import { makeMachine } from './machine.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function pod(first: string, image: string): string {
  return `${first}\napiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: m\n    image: ${image}\n`;
}

interface Site {
  give(text: string | undefined): Promise<void>;
  until(condition: (log: string[], text: string) => boolean): Promise<void>;
  /** Another process takes over. */
  restart(): Promise<void>;
  reports: string[];
  serialsFile: string;
}

async function site(t: TestContext, trust: 'off' | 'warn' | 'require'): Promise<Site> {
  let running: { stop: AbortController; done: Promise<void>; lines: string[] } | undefined;
  const end = async () => {
    running?.stop.abort();
    await running?.done;
  };
  // Before the directory goes.
  t.after(end);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const machine = await makeMachine(t, { files: { '/etc/rower/trust/cosign/ci.pub': pem, '/given/x': '' } });
  const manifestDirectory = join(machine.root, 'pods');
  const store = new ManifestStore({ manifestDirectory, stateDirectory: join(machine.root, 'state') });
  const reports: string[] = [];
  const start = async () => {
    const env = testEnv(10);
    const agent = new MetadataAgent({
      selection: parseSelection('file=/given/pod.yaml'),
      machine,
      store,
      nodeName: 'node',
      manifestDirectory,
      trust,
      env,
      chosen: () => {},
      learn: () => {},
      report: (type, reason, message) => reports.push(`${type} ${reason} ${message}`),
    });
    await agent.prepare();
    const stop = new AbortController();
    running = { stop, done: agent.run(stop.signal), lines: env.lines };
  };
  await start();
  const path = join(machine.root, 'given/pod.yaml');
  return {
    reports,
    serialsFile: store.serialsFile,
    give: async (text) => {
      await rm(path, { force: true });
      if (text === undefined) return;
      await writeFile(`${path}.sig`, sign('sha256', Buffer.from(text), privateKey).toString('base64'));
      await writeFile(path, text);
    },
    until: async (condition) => {
      for (;;) {
        const names = await readdir(manifestDirectory).catch(() => []);
        const texts = await Promise.all(
          names.map((name) => readFile(join(manifestDirectory, name), 'utf8').catch(() => '')),
        );
        if (condition(running?.lines ?? [], texts.join(''))) return;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    restart: async () => {
      await end();
      await start();
    },
  };
}

test('an older manifest that was signed is not taken again, not by the next process either', async (t) => {
  const { give, until, restart, reports, serialsFile } = await site(t, 'require');
  await give(pod('#rower: serial=2', 'x:2'));
  await until((_, text) => text.includes('x:2'));
  await until(() => reports.some((line) => line.includes('ManifestsFromMetadata')));
  assert.match(reports.at(-1) ?? '', /1 written, 0 removed, signed by cosign ci\.pub$/);
  await give(pod('#rower: serial=1', 'x:1'));
  await until((log) =>
    log.some((line) => /^error .*Pod default\/web has the serial 1, and 2 was taken before/.test(line)),
  );
  assert.match(reports.at(-1) ?? '', /^Warning ManifestRejected .*has the serial 1/);
  await restart();
  await until((log) => log.some((line) => line.includes('has the serial 1')));
  await until((_, text) => text.includes('x:2'));
  await rm(serialsFile);
  await until((_, text) => text.includes('x:1'));
});

test('user-data that wishes it takes its Pods along when it goes, after a restart too', async (t) => {
  const { give, until, restart } = await site(t, 'off');
  await give(pod('#rower: onMissing=remove', 'x:1'));
  await until((_, text) => text.includes('x:1'));
  await restart();
  await give(undefined);
  await until((_, text) => text === '');
});

test('empty user-data takes the Pods along only where the last one wished it', async (t) => {
  const { give, until } = await site(t, 'off');
  await give(pod('#rower: onMissing=remove', 'x:1'));
  await until((_, text) => text.includes('x:1'));
  await give('');
  await until((log) => log.some((line) => line.includes('the user-data is empty now: the Pods it gave before stay')));
  await give(pod('#rower: onEmpty=remove', 'x:2'));
  await until((_, text) => text.includes('x:2'));
  await give('');
  await until((_, text) => text === '');
});
