/** Programs of other people that tests agree with. */
import { existsSync } from 'node:fs';

/** Why a test that needs it cannot run here; false: it can. */
export function without(program: string): string | false {
  const found = (process.env.PATH ?? '').split(':').some((directory) => existsSync(`${directory}/${program}`));
  return found ? false : `${program} is not installed: apt-get install ${program}`;
}
