const ESCAPE_OR_REFERENCE = /\$(?:\$|\(([^)]*)\))/g;

/**
 * `$(NAME)` in `value`, with `lookup` for the names (third_party/forked/golang/expansion): an unknown name stays as it is
 * written, `$$` is one `$`, nothing is expanded twice. Undefined when the result would be longer than `limitChars`:
 * values built of values double with each step. Never throws.
 */
export function expand(
  value: string,
  lookup: (name: string) => string | undefined,
  limitChars: number,
): string | undefined {
  // Behind the last bracket nothing can close: searching there once per `$(` would take quadratic time.
  const end = value.lastIndexOf(')') + 1;
  let inserted = 0;
  const expanded = value.slice(0, end).replace(ESCAPE_OR_REFERENCE, (whole, name?: string) => {
    if (name === undefined) return '$';
    const text = lookup(name) ?? whole;
    inserted += text.length;
    return inserted > limitChars ? '' : text;
  });
  const result = expanded + value.slice(end).replace(/\$\$/g, '$');
  return Math.max(inserted, result.length) > limitChars ? undefined : result;
}
