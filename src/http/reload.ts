/** Looks whether files that a listener was started with have changed, e.g. because a certificate was renewed. */
import { stat } from 'node:fs/promises';
import type { Env } from '../kubelet/env.ts';

const PERIOD_MS = 30_000;

export interface ReloadOptions {
  readonly env: Env;
  /** Paths; one that is not there counts too. */
  readonly files: readonly string[];
  /** Something else that asks for a reload when it changes. */
  readonly also: () => string;
  /** The stamp from before what is in use was read. */
  readonly since: string;
  /** Takes the new state in; rejects when it cannot be used, and then what there was goes on. */
  readonly reload: () => Promise<void>;
}

/** Looks every thirty seconds; what could not be used is tried again. Returns how to stop. */
export function watchFiles({ env, files, also, since, reload }: ReloadOptions): () => void {
  let isStopped = false;
  let cancel = () => {};
  let used = since;
  let complained = '';
  const look = async () => {
    const now = await fileStamp(files, also);
    if (now !== used && !isStopped) {
      try {
        await reload();
        // Not the stamp of after: what changed while it was read is read again.
        used = now;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        // Certificate and key are seldom replaced at the same moment: the second look is about both.
        if (complained !== now + message)
          env.log.warn({ error: message }, 'the new certificate or token cannot be used: the former one goes on');
        complained = now + message;
      }
    }
    if (!isStopped) later();
  };
  const later = () => {
    cancel = env.after(PERIOD_MS, () => void look());
  };
  later();
  return () => {
    isStopped = true;
    cancel();
  };
}

/** Changes when one of the files does. */
export async function fileStamp(files: readonly string[], also: () => string): Promise<string> {
  const stamps = files.map((file) =>
    stat(file).then(
      ({ ino, size, mtimeMs, ctimeMs }) => [ino, size, mtimeMs, ctimeMs].join(),
      (error: NodeJS.ErrnoException) => error.code ?? 'error',
    ),
  );
  return [...(await Promise.all(stamps)), also()].join('\n');
}
