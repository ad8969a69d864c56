import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { realEnv } from '../../../hack/env.ts';
import { Preloader } from '../../../src/kubelet/images/preload.ts';

const OLD = new Date('2026-01-01');

function machine() {
  const rootDir = mkdtempSync(join(tmpdir(), 'preload-'));
  mkdirSync(join(rootDir, 'images'));
  const present = new Set<string>();
  const log: string[] = [];
  const state = { basis: '' };
  const agents: { stop: AbortController; ended: Promise<void> }[] = [];
  after(async () => {
    for (const { stop, ended } of agents) {
      stop.abort();
      await ended;
    }
    rmSync(rootDir, { recursive: true });
  });
  return {
    present,
    log,
    state,
    /** An archive that holds the image `localhost/<name>:1`, whole since long. */
    put(name: string, content = 'x', mtime = OLD) {
      writeFileSync(join(rootDir, 'draft'), content);
      utimesSync(join(rootDir, 'draft'), mtime, mtime);
      copyFileSync(join(rootDir, 'draft'), join(rootDir, 'images', name));
      utimesSync(join(rootDir, 'images', name), mtime, mtime);
    },
    remove: (name: string) => rmSync(join(rootDir, 'images', name)),
    start() {
      const stop = new AbortController();
      const preloader = new Preloader({
        env: realEnv(),
        rootDir,
        importArchive: async (path) => {
          const name = path.split('/').at(-1) as string;
          log.push(`import ${name}`);
          if (name.startsWith('bad')) throw new Error('it is damaged');
          const image = `localhost/${name.replace(/\..*/, '')}:1`;
          present.add(image);
          return [image];
        },
        isPresent: async (image) => present.has(image),
        verify: async (path) => {
          const name = path.split('/').at(-1) as string;
          if (name.startsWith('forged')) throw new Error('it is signed by a stranger');
          return async (images) => {
            for (const image of images) log.push(`verified ${image}${present.has(image) ? '' : ' too early'}`);
          };
        },
        basis: () => state.basis,
        arrived: (archive, images) => log.push(`arrived ${archive}: ${images}`),
        failed: (archive, message) => log.push(`failed ${archive}: ${message}`),
      });
      const ended = preloader.run(stop.signal);
      agents.push({ stop, ended });
      return {
        preloader,
        async stop() {
          stop.abort();
          await ended;
        },
      };
    },
    async until(line: string) {
      while (!log.includes(line)) await delay(10);
    },
  };
}

describe('preloaded archives', () => {
  it('are imported when the agent starts and when they appear, and nothing else is', async () => {
    const { put, start, until, log } = machine();
    for (const name of ['a.tar', 'b.tar.gz', 'c.tgz', 'd.tar.zst', 'readme.txt', '.hidden.tar', 'e.tar.part'])
      put(name);
    const { stop } = start();
    await until('arrived d.tar.zst: localhost/d:1');
    put('late.tar');
    await until('arrived late.tar: localhost/late:1');
    await stop();
    assert.deepEqual(
      log.filter((line) => line.startsWith('import')),
      ['a.tar', 'b.tar.gz', 'c.tgz', 'd.tar.zst', 'late.tar'].map((name) => `import ${name}`),
    );
  });

  it('are imported once for each content, over restarts of the agent too', async () => {
    const { put, start, until, log } = machine();
    put('a.tar');
    const first = start();
    await until('arrived a.tar: localhost/a:1');
    await first.stop();
    log.length = 0;
    put('b.tar');
    const second = start();
    await until('arrived b.tar: localhost/b:1');
    assert.deepEqual(log, ['import b.tar', 'verified localhost/b:1', 'arrived b.tar: localhost/b:1']);
    log.length = 0;
    put('a.tar', 'other');
    await until('arrived a.tar: localhost/a:1');
    await second.stop();
  });

  it('are imported again when one of their images has gone', async () => {
    const { put, start, until, present, log } = machine();
    put('a.tar');
    const first = start();
    await until('arrived a.tar: localhost/a:1');
    await first.stop();
    log.length = 0;
    present.clear();
    const second = start();
    await until('arrived a.tar: localhost/a:1');
    await second.stop();
  });

  it('keep their images from being collected as long as they are there', async () => {
    const { put, remove, start, until } = machine();
    put('a.tar');
    put('b.tar');
    const { preloader, stop } = start();
    await until('arrived b.tar: localhost/b:1');
    assert.deepEqual([...preloader.images()], ['localhost/a:1', 'localhost/b:1']);
    remove('a.tar');
    while (preloader.images().size > 1) await delay(10);
    assert.deepEqual([...preloader.images()], ['localhost/b:1']);
    await stop();
  });

  it('that are damaged are told once and do not hold up the others', async () => {
    const { put, start, until, log } = machine();
    put('bad.tar');
    put('good.tar');
    const { stop } = start();
    await until('arrived good.tar: localhost/good:1');
    put('more.tar');
    await until('arrived more.tar: localhost/more:1');
    await stop();
    assert.deepEqual(
      log.filter((line) => line.includes('bad')),
      ['import bad.tar', 'failed bad.tar: it is damaged'],
    );
  });

  it('wait until they are whole', async () => {
    const { put, start, until, log } = machine();
    put('growing.tar', 'half', new Date());
    const { stop } = start();
    put('whole.tar');
    await until('arrived whole.tar: localhost/whole:1');
    assert.deepEqual(log[0], 'import whole.tar');
    await until('arrived growing.tar: localhost/growing:1');
    await stop();
  });

  it('are imported again when they are signed, or judged by other keys; not when they are signed wrongly', async () => {
    const { put, start, until, log, state } = machine();
    put('a.tar');
    put('forged.tar');
    const first = start();
    await until('failed forged.tar: it is signed by a stranger');
    assert.ok(!log.includes('import forged.tar'));
    log.length = 0;
    put('a.tar.sig');
    await until('arrived a.tar: localhost/a:1');
    await first.stop();
    log.length = 0;
    state.basis = 'other keys';
    const second = start();
    await until('arrived a.tar: localhost/a:1');
    await second.stop();
    log.length = 0;
    const third = start();
    put('b.tar');
    await until('arrived b.tar: localhost/b:1');
    await third.stop();
    assert.ok(!log.includes('import a.tar'), 'by the same keys');
  });
});
