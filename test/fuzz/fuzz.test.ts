/** A short run of each target with a fixed seed, and everything that was ever found. `npm run fuzz` runs for longer. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { attempt, inputOf, kept } from './run.ts';
import { TARGETS } from './targets.ts';

const SEED = 'test';
const INPUTS = 300;

describe('no bytes break the reader of', () => {
  for (const target of TARGETS) {
    it(target.name, async (t) => {
      t.after(() => target.close?.());
      for (const bytes of target.corpus()) {
        const finding = await attempt(target, bytes);
        assert.equal(finding?.error, undefined, `good input: ${bytes.toString('latin1', 0, 200)}`);
      }
      for (const { file, bytes } of kept(target.name)) {
        const finding = await attempt(target, bytes);
        assert.equal(finding?.error, undefined, `test/fixtures/fuzz/${target.name}/${file}`);
      }
      for (let index = 0; index < INPUTS; index += 1) {
        const finding = await attempt(target, inputOf(target, SEED, index));
        const replay = `node hack/fuzz.ts --target ${target.name} --seed ${SEED} --index ${index}`;
        assert.equal(finding?.error, undefined, replay);
      }
    });
  }
});

it('every directory of findings has its target', () => {
  const directories = globSync('*/', { cwd: join(import.meta.dirname, '../fixtures/fuzz') });
  const names: string[] = TARGETS.map(({ name }) => name);
  assert.deepEqual(
    directories.filter((name) => !names.includes(name)),
    [],
  );
});
