import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { realEnv } from '../../../hack/env.ts';
import { type LinkedLog, LogLinks, linkName } from '../../../src/kubelet/logs/links.ts';

function machine() {
  const dir = mkdtempSync(join(tmpdir(), 'links-'));
  after(() => rmSync(dir, { recursive: true }));
  const [directory, podLogsDir] = [join(dir, 'containers'), join(dir, 'pods')];
  mkdirSync(podLogsDir);
  const logs: LinkedLog[] = [];
  return {
    directory,
    podLogsDir,
    logs,
    add(containerId: string, written = true) {
      const path = join(podLogsDir, `${containerId}.log`);
      if (written) writeFileSync(path, '');
      logs.push({ namespace: 'default', pod: 'web-n1', container: 'main', containerId, path });
      return path;
    },
    links: new LogLinks({ env: realEnv(), directory, podLogsDir, logs: () => logs }),
    names: () => readdirSync(directory).sort(),
  };
}

describe('links to container logs', () => {
  it('are named as collectors expect, cut where a file system would refuse', () => {
    const log = { namespace: 'default', pod: 'web-n1', container: 'main', containerId: 'abc', path: '' };
    assert.equal(linkName(log), 'web-n1_default_main-abc.log');
    const long = linkName({ ...log, containerId: 'x'.repeat(300) });
    assert.deepEqual([long.length, long.slice(-6)], [255, 'xx.log']);
  });

  it('lead to each log that is there', async () => {
    const { links, add, names, directory } = machine();
    const path = add('one');
    add('two', false);
    await links.reconcile();
    await links.reconcile();
    assert.deepEqual(names(), ['web-n1_default_main-one.log']);
    assert.equal(readlinkSync(join(directory, 'web-n1_default_main-one.log')), path);
  });

  it('go when their log and its container have gone, and nothing else goes', async () => {
    const { links, add, logs, names, directory, podLogsDir } = machine();
    for (const id of ['rotating', 'gone']) rmSync(await made(id));
    logs.pop();
    for (const [name, target] of [
      ['theirs.log', '/nowhere/else'],
      ['other', join(podLogsDir, 'missing')],
    ] as const)
      symlinkSync(target, join(directory, name));
    writeFileSync(join(directory, 'file.log'), '');
    await links.reconcile();
    assert.deepEqual(names(), ['file.log', 'other', 'theirs.log', 'web-n1_default_main-rotating.log']);

    async function made(id: string) {
      const path = add(id);
      await links.reconcile();
      return path;
    }
  });

  it('are made when there is nothing to link, without a directory', async () => {
    const { links, directory } = machine();
    await links.reconcile();
    assert.throws(() => readdirSync(directory), /ENOENT/);
  });

  it('follow changes until the end', async () => {
    const { links, add, names } = machine();
    const stop = new AbortController();
    const running = links.run(stop.signal);
    await delay(20);
    add('late');
    links.poke();
    for (let tries = 0; tries < 500; tries += 1) {
      try {
        if (names().length > 0) break;
      } catch {
        // There is no directory yet.
      }
      await delay(10);
    }
    assert.deepEqual(names(), ['web-n1_default_main-late.log']);
    stop.abort();
    await running;
  });
});
