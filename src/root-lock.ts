import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { makeDirectories } from './kubelet/volumes/files.ts';

/** Another agent works on this root directory. */
export class RootDirInUse extends Error {
  constructor(rootDir: string) {
    super(`another rower is running on --root-dir ${rootDir}; stop it, or give this one another root directory`);
    this.name = 'RootDirInUse';
  }
}

/**
 * Makes the root directory and takes it for this process: an abstract unix socket (unix(7)) named after the directory's
 * device and inode, so that the kernel gives it back at the very moment the process ends, however it ends.
 * Throws RootDirInUse. Returns the way to give it back.
 */
export async function lockRootDir(rootDir: string): Promise<() => void> {
  await makeDirectories(rootDir, 0o750);
  const { dev, ino } = await stat(rootDir);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new RootDirInUse(rootDir) : error),
    );
    server.listen({ path: `\0rower-root-dir-${dev}-${ino}` }, resolve);
  });
  server.unref();
  return () => server.close();
}
