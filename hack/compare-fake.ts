/**
 * Runs the same calls against the simulation's runtime and against a real containerd, and shows where the answers differ.
 *
 *     node hack/compare-fake.ts            exit 1 when they differ
 *     node hack/compare-fake.ts --print    the answers too
 */

import { scriptOnFake } from '../test/sim/fake-bench.ts';
import { scriptOnContainerd } from '../test/sim/real-bench.ts';
import { containerdProblems } from './containerd.ts';

const problems = containerdProblems();
if (problems.length > 0) {
  console.error(`no containerd to compare with: ${problems.join('; ')}`);
  process.exit(2);
}
const [fake, real] = [await scriptOnFake('compare'), await scriptOnContainerd()];
let differences = 0;
for (let index = 0; index < Math.max(fake.length, real.length); index += 1) {
  if (fake[index] === real[index]) {
    if (process.argv.includes('--print')) console.log(`  ${fake[index]}`);
    continue;
  }
  differences += 1;
  console.log(`fake: ${fake[index]}\nreal: ${real[index]}`);
}
console.log(`${real.length} answers, ${differences} of them differ`);
process.exitCode = differences > 0 ? 1 : 0;
