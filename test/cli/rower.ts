/** The command line in this process, with what it wrote. */
import { main } from '../../src/cli/main.ts';

export async function rower(...argv: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const stdout = (text: string) => {
    written.stdout += text;
  };
  const stderr = (text: string) => {
    written.stderr += text;
  };
  const status = await main(argv, { stdout, stderr, env: {} });
  return { status, ...written };
}
