/** `-n x`, `-n=x` and `-nx` as the long flag; a flag without value may be given as `-f`. Others stay as they are. */
export function spellOut(argument: string, long: Readonly<Record<string, string>>): string {
  const [, letter = '', value = ''] = /^-([A-Za-z])(.*)$/s.exec(argument) ?? [];
  const name = long[letter];
  if (name === undefined) return argument;
  return value === '' ? `--${name}` : `--${name}=${value.replace(/^=/, '')}`;
}
