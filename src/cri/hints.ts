/**
 * A reason to look at the runtime now. It carries no truth, the next listing does, with one exception: how a container
 * ended. After `exited` the listing may still say running for some 50 ms; at `deleted` it no longer does. `reconnected`: events may have been missed. `disconnected`:
 * `reliable()` has become false.
 */
export interface RuntimeHint {
  kind: 'created' | 'started' | 'exited' | 'deleted' | 'oom' | 'reconnected' | 'disconnected';
  containerId: string;
  /** With `exited`, when the runtime tells. */
  end?: ContainerEnd;
}

/** How a container ended. Final: no runtime starts a container twice. */
export interface ContainerEnd {
  exitCode: number;
  finishedAtMs: number;
}

/**
 * The runtime's event stream. `follow` reconnects by itself until `signal` aborts and never rejects.
 * `reliable()` tells whether a stream stands right now: with one, relisting every 10 s is enough, without one each second.
 */
export interface RuntimeEvents {
  follow(onHint: (hint: RuntimeHint) => void, signal: AbortSignal): Promise<void>;
  reliable(): boolean;
}
