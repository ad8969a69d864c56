/** The processes of private containerds, found in /proc: their starters may be gone. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { configName, type Layout } from './containerd-config.ts';

const endMs = 10_000;

interface Process {
  pid: number;
  parent: number;
  /** File name of the program. */
  program: string;
  args: string[];
}

/** Directories of the other private containerds of which a process lives. */
export function otherInstances(dir: string): string[] {
  const dirs = processes()
    .filter(({ program }) => program.startsWith('containerd'))
    .flatMap(({ args }) => args.filter((arg) => [configName, 'containerd.sock'].includes(basename(arg))).map(dirname));
  return [...new Set(dirs)].filter((other) => other !== dir && existsSync(join(other, configName)));
}

/** Pid of the running containerd of an instance. */
export function findContainerd(layout: Layout): number | undefined {
  return processes().find(({ program, args }) => program === 'containerd' && args.includes(layout.configFile))?.pid;
}

/**
 * Kills containerd first, then what runs in its containers, then the shims, so that no new process appears behind our
 * back. `ids` are whole container ids. Throws when something does not end.
 */
export async function killAll(layout: Layout, ids: readonly string[]): Promise<void> {
  const until = Date.now() + endMs;
  for (;;) {
    const all = processes();
    const containerd = all.filter(({ program, args }) => program === 'containerd' && args.includes(layout.configFile));
    const shims = all.filter(
      ({ program, args }) => program.startsWith('containerd-shim') && args.includes(layout.socket),
    );
    const contained = all.filter(
      ({ pid, parent }) => shims.some((shim) => shim.pid === parent) || isContained(layout, ids, pid),
    );
    const next = [containerd, contained, shims].find((group) => group.length > 0);
    if (!next) return;
    if (Date.now() > until) {
      throw new Error(
        `these processes do not end: ${next.map(({ pid, args }) => `${pid} ${args.join(' ')}`).join('; ')}`,
      );
    }
    for (const { pid } of next) kill(pid);
    await delay(5);
  }
}

function isContained(layout: Layout, ids: readonly string[], pid: number): boolean {
  const cgroups = readText(`/proc/${pid}/cgroup`);
  return cgroups.includes(`${layout.cgroupRoot}/`) || ids.some((id) => cgroups.includes(id));
}

/** Zombies are left out: they are dead, and whether their parent looks is not our affair. */
function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      // The program's name is in parentheses and may hold anything; state and parent follow it.
      const [state, parent] = readText(`/proc/${name}/stat`)
        .replace(/^.*\) /s, '')
        .split(' ');
      const args = readText(`/proc/${name}/cmdline`).split('\0');
      if (!state || state === 'Z' || state === 'X') return [];
      return [{ pid: Number(name), parent: Number(parent), program: basename(args[0] ?? ''), args }];
    });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
