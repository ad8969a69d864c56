/** A service manager's socket that prints what it is told. Node cannot open one; perl is on every Debian. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { waitFor } from './e2e/agent.ts';
import { temporaryDirectory } from './kubelet/temporary.ts';

const RECEIVER = `
use Socket;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die $!;
bind($socket, sockaddr_un($ARGV[0])) or die $!;
$| = 1;
print "listening\\n";
while (defined recv($socket, my $message, 4096, 0)) { $message =~ s/\\n/ /g; print "$message\\n" unless $message =~ /^BARRIER=1/; }
`;

export interface NotifySocket {
  readonly path: string;
  /** Messages so far, those with several assignments on one line. */
  told(): string[];
  /** Waits for the first message from number `from` on that fits. Resolves to the number after it. */
  until(pattern: RegExp, from?: number): Promise<number>;
}

export async function notifySocket(t: TestContext): Promise<NotifySocket> {
  const path = join(await temporaryDirectory(t), 'notify');
  const perl = spawn('perl', ['-e', RECEIVER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => perl.kill());
  let output = '';
  perl.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const told = () => output.split('\n').slice(1, -1);
  await waitFor('the notify socket', async () => {
    assert.equal(perl.exitCode, null, 'perl ended');
    return output.startsWith('listening\n');
  });
  return {
    path,
    told,
    until: (pattern, from = 0) =>
      waitFor(`${pattern} to be told, not only ${JSON.stringify(told())}`, async () => {
        const at = told().findIndex((line, index) => index >= from && pattern.test(line));
        return at >= 0 && at + 1;
      }),
  };
}
