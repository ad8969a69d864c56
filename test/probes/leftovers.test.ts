import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { endLeftovers } from '../../src/probes/leftovers.ts';

const base = mkdtempSync(join(tmpdir(), 'leftovers-'));
after(() => rmSync(base, { recursive: true }));

const ID = 'ab'.repeat(32);
const OTHER = 'cd'.repeat(32);

interface Entry {
  pid: number;
  parent: number;
  session: number;
  /** Seconds since the start of the machine, which is 1000 s ago. */
  at: number;
  pipes?: readonly number[];
  id?: string | undefined;
}

/** The shim, the container's first process, and a shell that was killed while its child runs on. */
const SHIM: Entry = { pid: 10, parent: 1, session: 10, at: 100, pipes: [1, 2, 7, 8], id: '' };
const MAIN: Entry = { pid: 20, parent: 10, session: 20, at: 101, pipes: [1, 2] };
const CHILD: Entry = { pid: 32, parent: 20, session: 31, at: 998, pipes: [7, 8] };

let count = 0;

async function ended(entries: Entry[], containerId = ID): Promise<number[]> {
  count += 1;
  const proc = join(base, String(count));
  mkdirSync(proc);
  writeFileSync(join(proc, 'uptime'), '1000.00 2000.00\n');
  mkdirSync(join(proc, 'self'));
  for (const { pid, parent, session, at, pipes = [], id = ID } of entries) {
    const directory = join(proc, String(pid));
    mkdirSync(join(directory, 'fd'), { recursive: true });
    const rest = `S ${parent} ${pid} ${session} ${'0 '.repeat(15)}${at * 100} 0 0`;
    writeFileSync(join(directory, 'stat'), `${pid} (a ) name (of) words) ${rest}\n`);
    writeFileSync(
      join(directory, 'cgroup'),
      `1:cpu:/kubepods/pod1/${id}\n0::/system.slice/cri-containerd-${id}.scope\n`,
    );
    symlinkSync('/dev/null', join(directory, 'fd', '0'));
    for (const [index, pipe] of pipes.entries())
      symlinkSync(`pipe:[${pipe}]`, join(directory, 'fd', String(index + 1)));
  }
  const killed: number[] = [];
  const found = await endLeftovers({ containerId, elapsedMs: 5000 }, { proc, kill: (pid) => killed.push(pid) });
  assert.equal(found, killed.length);
  return killed;
}

describe('endLeftovers', () => {
  it('ends the children of a command that was killed', async () => {
    const grandchild = { ...CHILD, pid: 33, parent: 32 };
    assert.deepEqual(await ended([SHIM, MAIN, CHILD, grandchild]), [32, 33]);
  });

  for (const [what, entry] of [
    ['a daemon that the container itself detached in that time', { ...CHILD, pipes: [1, 2] }],
    ['a daemon that writes nowhere', { ...CHILD, pipes: [] }],
    ['a child that writes to another process of the container', { ...CHILD, pipes: [99] }],
    ['what began before the command', { ...CHILD, at: 994 }],
    ['a child of the first process', { ...CHILD, session: 20 }],
    ['a process of another container', { ...CHILD, id: OTHER }],
  ] as const) {
    it(`leaves ${what} alone`, async () => assert.deepEqual(await ended([SHIM, MAIN, entry]), []));
  }

  it('leaves commands alone that are alive', async () => {
    const shell = { ...CHILD, pid: 31, parent: 10 };
    assert.deepEqual(await ended([SHIM, MAIN, shell, CHILD]), []);
  });

  it('does nothing without a container, or without a whole id', async () => {
    assert.deepEqual(await ended([SHIM]), []);
    assert.deepEqual(await ended([SHIM, MAIN, CHILD], ID.slice(0, 12)), []);
  });
});
