/**
 * What a command leaves behind when the runtime kills it: only its first process is, and the children of a shell live on.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

/** Of the kernel's clock in /proc (USER_HZ); the same on every processor that Linux runs containers on. */
const TICKS_PER_SECOND = 100;
/** The runtime's ids; anything shorter could be part of another name. */
const CONTAINER_ID = /^[0-9a-f]{64}$/;

export interface Leftovers {
  /** As the runtime names it; a part of the names of its cgroups. */
  readonly containerId: string;
  /** How long ago the command was given to the runtime. */
  readonly elapsedMs: number;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Seconds since the machine started. */
  readonly startedAt: number;
}

/**
 * Ends them; resolves to their number. Told from everything else in the container by three marks: they began after the
 * command did, in a session whose leader is gone, and write into a pipe that the runtime reads and the container's own
 * first process does not have. Finds nothing where the container is not on this machine's kernel.
 */
export async function endLeftovers(
  { containerId, elapsedMs }: Leftovers,
  { proc = '/proc', kill = killNow }: { proc?: string; kill?: (pid: number) => void } = {},
): Promise<number> {
  if (!CONTAINER_ID.test(containerId)) return 0;
  const uptime = Number.parseFloat(await readFile(join(proc, 'uptime'), 'utf8'));
  const inside = await processesOf(proc, containerId);
  const pids = new Set(inside.map(({ pid }) => pid));
  const [main] = inside.filter(({ parent }) => !pids.has(parent)).sort((a, b) => a.startedAt - b.startedAt);
  if (!main) return 0;
  const orphans = inside.filter(
    ({ session, startedAt }) => !pids.has(session) && startedAt >= uptime - elapsedMs / 1000,
  );
  if (orphans.length === 0) return 0;
  const own = new Set(await pipesOf(proc, main.pid));
  const read = new Set(await pipesOf(proc, main.parent));
  let count = 0;
  for (const { pid } of orphans) {
    const pipes = await pipesOf(proc, pid);
    if (!pipes.some((pipe) => read.has(pipe) && !own.has(pipe))) continue;
    kill(pid);
    count += 1;
  }
  return count;
}

async function processesOf(proc: string, containerId: string): Promise<Process[]> {
  const found: Process[] = [];
  for (const name of await readdir(proc)) {
    if (!/^\d+$/.test(name)) continue;
    const cgroups = await readFile(join(proc, name, 'cgroup'), 'utf8').catch(() => '');
    if (!cgroups.includes(containerId)) continue;
    const stat = await readFile(join(proc, name, 'stat'), 'utf8').catch(() => '');
    // The name before the last parenthesis may hold anything; see proc(5) for the numbers after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [, parent, , session] = fields.map(Number);
    const startedAt = Number(fields[19]) / TICKS_PER_SECOND;
    if (parent === undefined || session === undefined || Number.isNaN(startedAt)) continue;
    found.push({ pid: Number(name), parent, session, startedAt });
  }
  return found;
}

async function pipesOf(proc: string, pid: number): Promise<string[]> {
  const directory = join(proc, String(pid), 'fd');
  const names = await readdir(directory).catch(() => []);
  const links = await Promise.all(names.map((name) => readlink(join(directory, name)).catch(() => '')));
  return links.filter((link) => link.startsWith('pipe:'));
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
