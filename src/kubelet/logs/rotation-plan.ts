/** Which parts of a log go, stay or are compressed when it is rotated. Pure. */

export interface KeptParts {
  /** Names to delete. */
  readonly remove: readonly string[];
  /** Names to compress. */
  readonly compress: readonly string[];
  /** Stamp of the newest part, empty when there is none. */
  readonly newest: string;
}

const STAMPED = /\.(\d{8}-\d{6})(\.gz|\.tmp|\.gz\.tmp)?$/;

/**
 * `names` are those of the rotated parts. Drafts go, and so does a plain part that was compressed; of the rest the
 * oldest go until two places are left of `maxFiles`: for the current file, and for what it becomes now
 * (pkg/kubelet/logs/container_log_manager.go cleanupUnusedLogs, removeExcessLogs).
 */
export function keptParts(names: readonly string[], maxFiles: number): KeptParts {
  const remove: string[] = [];
  const parts = new Map<string, string>();
  for (const name of [...names].sort()) {
    const [, stamp, ending = ''] = STAMPED.exec(name) ?? [];
    if (stamp === undefined) continue;
    if (ending.endsWith('.tmp')) remove.push(name);
    else {
      // Sorted: the compressed one comes after its plain one.
      const plain = parts.get(stamp);
      if (plain) remove.push(plain);
      parts.set(stamp, name);
    }
  }
  const stamps = [...parts.keys()].sort();
  const excess = stamps.slice(0, Math.max(0, stamps.length - Math.max(0, maxFiles - 2)));
  const kept = stamps.slice(excess.length).map((stamp) => parts.get(stamp) as string);
  return {
    remove: [...remove, ...excess.map((stamp) => parts.get(stamp) as string)],
    compress: kept.filter((name) => !name.endsWith('.gz')),
    newest: stamps.at(-1) ?? '',
  };
}

/**
 * `YYYYMMDD-HHMMSS` in UTC, and always later than `newest`: neither a clock that was set back nor two rotations within
 * a second change the order of the parts.
 */
export function rotationStamp(nowMs: number, newest: string): string {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/.exec(newest) ?? [];
  const afterMs =
    year === undefined
      ? Number.NEGATIVE_INFINITY
      : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) + 1000;
  const iso = new Date(Math.max(nowMs, Number.isNaN(afterMs) ? nowMs : afterMs)).toISOString();
  return iso.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}
