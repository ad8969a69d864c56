/** What a command may touch of the process. Each text is written as it is: lines bring their own line feed. */
export interface CliIo {
  stdout: (text: string) => void;
  /** For what is long: resolves when standard output has taken it, to false when its reader has gone. Absent: `stdout` does. */
  send?: (bytes: Uint8Array) => Promise<boolean>;
  stderr: (text: string) => void;
  env: NodeJS.ProcessEnv;
}
