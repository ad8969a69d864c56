/** Small checks that most rules are made of. */
import { invalid, type Path, type Problems, required, unsupported } from '../problems.ts';

/** A name rule from `names.ts`; absent or empty means `Required value`. */
export function checkName(
  value: string | undefined,
  rule: (value: string) => string[],
  path: Path,
  problems: Problems,
): void {
  if (!value) problems.error(path, required());
  else checkForm(value, rule, path, problems);
}

/** Like `checkName`, for a name that may be absent. */
export function checkForm(
  value: string | undefined,
  rule: (value: string) => string[],
  path: Path,
  problems: Problems,
): void {
  if (value) for (const detail of rule(value)) problems.error(path, invalid(value, detail));
}

/** One of a fixed set of words; absent is fine. */
export function checkOneOf(
  value: string | undefined,
  allowed: readonly string[],
  path: Path,
  problems: Problems,
): void {
  if (value !== undefined && !allowed.includes(value)) problems.error(path, unsupported(value, allowed));
}

/** `low` to `high`, both included; absent is fine. */
export function checkRange(value: number | undefined, low: number, high: number, path: Path, problems: Problems): void {
  if (value !== undefined && (value < low || value > high)) {
    problems.error(path, invalid(value, `must be between ${low} and ${high}, inclusive`));
  }
}

export function checkNotNegative(value: number | undefined, path: Path, problems: Problems): void {
  if (value !== undefined && value < 0) problems.error(path, invalid(value, 'must be greater than or equal to 0'));
}

/** A path below something: relative, without `..`. */
export function checkDescendingPath(value: string, path: Path, problems: Problems): void {
  if (value.startsWith('/')) problems.error(path, invalid(value, 'must be a relative path'));
  checkNoBacksteps(value, path, problems);
}

export function checkNoBacksteps(value: string, path: Path, problems: Problems): void {
  if (value.split('/').includes('..')) problems.error(path, invalid(value, "must not contain '..'"));
}

/** A file below a volume: names that begin with `..` belong to the volume's own bookkeeping. */
export function checkFilePath(value: string | undefined, path: Path, problems: Problems): void {
  if (!value) {
    problems.error(path, required());
    return;
  }
  checkDescendingPath(value, path, problems);
  if (value.startsWith('..') && value !== '..' && !value.startsWith('../')) {
    problems.error(path, invalid(value, "must not start with '..'"));
  }
}

/** User and group ids, seconds and the like (math.MaxInt32). */
export const INT32_MAX = 2 ** 31 - 1;
