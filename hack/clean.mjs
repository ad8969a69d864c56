/** `npm run clean`: removes what was built and what the quick start and the tests left in `.rower/`. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const state = join(root, '.rower');
if (readFileSync('/proc/self/mounts', 'utf8').includes(` ${state}/`)) {
  console.error(`rower: something in ${state} is still mounted: stop what runs there (npm start again, then Ctrl-C)`);
  process.exit(1);
}
for (const name of ['dist', '.rower']) rmSync(join(root, name), { recursive: true, force: true });
