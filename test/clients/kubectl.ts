/** Real kubectls, each with a home of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type KubectlVersion, kubectl } from '../../hack/kubectl.ts';

export const VERSIONS: readonly KubectlVersion[] = ['1.20', '1.32', '1.36'];
const RUN_LIMIT_MS = 60_000;

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

export interface Kubectl {
  /** Why there is none here. */
  readonly missing?: string;
  /** `onStdout` is called with the output so far whenever there is more of it. */
  run(argv: readonly string[], onStdout?: (text: string) => void): Promise<Outcome>;
  /** Writes a file for `-f` and tells its path. */
  file(name: string, text: string): Promise<string>;
  dispose(): Promise<void>;
}

/** Never rejects: where that version cannot be had, `missing` tells why. */
export async function prepare(version: KubectlVersion): Promise<Kubectl> {
  const home = await mkdtemp(path.join(tmpdir(), 'rower-kubectl-'));
  const dispose = () => rm(home, { recursive: true, force: true });
  const file = async (name: string, text: string) => {
    const full = path.join(home, name);
    await writeFile(full, text);
    return full;
  };
  try {
    const program = await kubectl(version);
    return { run: (argv, onStdout) => execute(program, argv, home, onStdout), file, dispose };
  } catch (error) {
    const missing = (error as Error).message;
    return { missing, run: () => Promise.reject(new Error(missing)), file, dispose };
  }
}

function execute(
  program: string,
  argv: readonly string[],
  home: string,
  onStdout: (text: string) => void = () => {},
): Promise<Outcome> {
  // Nothing of the caller's: neither a kubeconfig nor a proxy.
  const env = { HOME: home, PATH: '/usr/bin:/bin' };
  const options = { env, cwd: home, timeout: RUN_LIMIT_MS, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    let seen = '';
    const child = execFile(program, argv, options, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code ?? 1) : 0, stdout, stderr });
    });
    child.stdout?.on('data', (chunk) => {
      seen += chunk;
      onStdout(seen);
    });
  });
}
