/** What `npm test` runs, in order. To add a check: a row here. */
import { globSync } from 'node:fs';
import { ROOT } from './root.ts';

export interface Step {
  name: string;
  /** Steps of one stage run at the same time; a stage begins when the one before has ended. */
  stage: 1 | 2 | 3;
  /** Program and arguments. */
  command: readonly string[];
  /** Then it hangs and is ended; on two idle cores all of it takes less than twelve minutes. */
  limitMinutes: number;
  /** Its output ends in the totals of node's test runner. */
  isTestRun?: true;
  /** Needs root, containerd and its companions. */
  needsContainers?: true;
}

const NODE = process.execPath;

function testRun(files: readonly string[], concurrency: number, timeoutMs: number): readonly string[] {
  const options = [
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${timeoutMs}`,
  ];
  return [NODE, ...options, ...[...files].sort()];
}

/** Test files under `test/`, those of `folders` only or all but those. */
function testFiles(folders: readonly string[], only: boolean): string[] {
  const inFolders = (file: string) => folders.some((folder) => file.startsWith(`test/${folder}/`));
  return globSync('test/**/*.test.ts', { cwd: ROOT }).filter((file) => inFolders(file) === only);
}

export function steps(): Step[] {
  return [
    { name: 'tidy', stage: 1, limitMinutes: 5, command: [NODE, 'hack/tidy.ts'] },
    { name: 'types', stage: 1, limitMinutes: 5, command: [NODE, 'node_modules/typescript/bin/tsc', '--noEmit'] },
    {
      name: 'lint',
      stage: 1,
      limitMinutes: 5,
      command: [NODE, 'node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
    },
    { name: 'build', stage: 1, limitMinutes: 5, command: [NODE, 'hack/build.ts'] },
    {
      name: 'unit',
      stage: 2,
      limitMinutes: 20,
      command: testRun(testFiles(['e2e', 'clients', 'browser', 'cloud-init'], false), 2, 180_000),
      isTestRun: true,
    },
    {
      name: 'clients',
      stage: 3,
      limitMinutes: 20,
      command: testRun(testFiles(['clients'], true), 2, 300_000),
      isTestRun: true,
    },
    {
      name: 'e2e',
      stage: 3,
      limitMinutes: 30,
      command: testRun(testFiles(['e2e'], true), 2, 300_000),
      isTestRun: true,
      needsContainers: true,
    },
  ];
}
