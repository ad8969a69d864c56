/** Entry of the bundle: the real process around `main`. */
import process from 'node:process';
import { main } from './main.ts';

/** A reader that went away (`rower get pods | head`) is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

/** A full disk or a reader that went away: there is nobody left to tell. */
process.stderr.on('error', () => {});

main(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  send: (bytes) => new Promise((resolve) => process.stdout.write(bytes, (error) => resolve(!error))),
  stderr: (text) => process.stderr.write(text),
  env: process.env,
}).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.stderr.write(
      `rower: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 70;
  },
);
