import { execFile } from 'node:child_process';
import { type Env, sleep } from '../env.ts';
import { makeDirectories, readLimited } from './files.ts';
import { type MountPoint, parseMountinfo } from './mountinfo.ts';

const MOUNTINFO_LIMIT_BYTES = 64 * 1024 * 1024;
const COMMAND_LIMIT_MS = 60_000;
const UNMOUNT_ROUNDS = 3;
const UNMOUNT_PAUSE_MS = 100;

export async function mountPoints(): Promise<MountPoint[]> {
  return parseMountinfo((await readLimited('/proc/self/mountinfo', MOUNTINFO_LIMIT_BYTES)).toString());
}

/** The topmost file system mounted exactly at `path` (no links in it); undefined when it is no mount point. */
export async function mountedAt(path: string): Promise<MountPoint | undefined> {
  return (await mountPoints()).findLast((mount) => mount.path === path);
}

/** `options` as for mount(8), e.g. `size=1048576`. Throws with the text of mount(8). */
export async function mount(fsType: string, directory: string, options: string[], source = fsType): Promise<void> {
  await run('mount', ['-t', fsType, ...(options.length > 0 ? ['-o', options.join(',')] : []), source, directory]);
}

/** Mounts a new file system of this type at `path` (no links in it) unless there is one. Makes the directory. */
export async function mountOnce(fsType: string, path: string, options: string[]): Promise<void> {
  const present = await mountedAt(path);
  if (present?.fsType === fsType) return;
  if (present) throw new Error(`${path} has a ${present.fsType} mounted on it, expected ${fsType}`);
  await makeDirectories(path, 0o755);
  await mount(fsType, path, options);
}

/** Mounts what is at `source` at `target` too, a directory or a file. `source` may be a path below /proc/<pid>/fd. */
export async function bindMount(source: string, target: string): Promise<void> {
  // Without looking where the source leads: what is open there is meant, not what has its name by now.
  await run('mount', ['--no-canonicalize', '--bind', source, target]);
}

/**
 * The same with all that is mounted below the source. What is mounted there later appears at `target` too; what is done
 * below `target` stays there, so that unmounting it leaves the machine's own mounts alone.
 */
export async function bindTree(source: string, target: string): Promise<void> {
  await run('mount', ['--no-canonicalize', '--rbind', '--make-rslave', source, target]);
}

/** Unmounts the topmost file system at `path`; what is busy is detached. */
export async function unmount(path: string): Promise<void> {
  await run('umount', [path]).catch(() => run('umount', ['--lazy', path]));
}

/**
 * Unmounts all that is mounted at or below `directory` (no links in it), the last mounted first. What is busy is tried
 * again and in the end detached: out of reach of a deletion, gone when its last user is. Throws when anything is left.
 */
export async function unmountBelow(directory: string, env: Env): Promise<void> {
  let failure: unknown;
  for (let round = 1; ; round += 1) {
    const inside = (await mountPoints()).filter(({ path }) => path === directory || path.startsWith(`${directory}/`));
    if (inside.length === 0) return;
    if (round > UNMOUNT_ROUNDS)
      throw new Error(`${inside.length} mounts are left below ${directory}`, { cause: failure });
    const detach = round === UNMOUNT_ROUNDS;
    if (round > 1) await sleep(env, UNMOUNT_PAUSE_MS);
    for (const { path } of inside.reverse()) {
      if (detach) env.log.info({ path }, 'the mount is busy: detaching it');
      await run('umount', detach ? ['--lazy', path] : [path]).catch((error: unknown) => {
        failure = error;
      });
    }
  }
}

function run(command: 'mount' | 'umount', args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { timeout: COMMAND_LIMIT_MS, killSignal: 'SIGKILL' }, (error, _, stderr) => {
      if (!error) return resolve();
      // The first line tells; the second only points at the kernel's log.
      reject(new Error(stderr.trim().split('\n')[0] || error.message, { cause: error }));
    });
  });
}
