/** One thing that is wrong with the settings, and where it was written. */
export interface ConfigProblem {
  /** `/etc/rower/config.yaml:3:5`, `--read-only-port`, or empty when it is in the sum of both. */
  where: string;
  /** Field path as in KubeletConfiguration, e.g. `crashLoopBackOff.maxContainerRestartPeriod`; empty for the whole file. */
  path: string;
  message: string;
}

/** The settings cannot be used; the process exits with status 2. Every problem found is named, one to a line. */
export class ConfigError extends Error {
  readonly exitCode = 2;
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(describeProblem).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

function describeProblem(problem: ConfigProblem): string {
  return [problem.where, problem.path, problem.message].filter((part) => part !== '').join(': ');
}
