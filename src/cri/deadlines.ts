/**
 * How long each CRI call may take. After a deadline the effect of the call is unknown; the next listing tells.
 *
 * The kubelet allows 2 min for everything and twice that for RunPodSandbox (staging/src/k8s.io/cri-client). Questions
 * get less here: one that hangs keeps every Pod waiting, and asking again costs nothing.
 */

const second = 1000;
const minute = 60 * second;

/** For questions: lists, statuses, versions. */
export const questionMs = 30 * second;
/** For changes. */
export const changeMs = 2 * minute;
/** CNI plugins and a first image pull of the pause image are in it. */
export const runPodSandboxMs = 4 * minute;
/**
 * Only a guard against a runtime that hangs for ever: a slow line may need long for a large image, CRI shows no progress,
 * and containerd keeps the layers that are complete for the next try.
 */
export const pullImageMs = 60 * minute;

/** The runtime enforces the timeout itself and answers with a deadline error; the slack is for a slow kill. */
const execSlackMs = 30 * second;
/** Node fires a timer at once whose delay does not fit into 31 bits. */
const longestTimerMs = 2 ** 31 - 1;

/** Stop signal, the container's own grace period, SIGKILL, clean-up. */
export function stopContainerMs(timeoutSeconds: number): number {
  return Math.min(timeoutSeconds * second + changeMs, longestTimerMs);
}

/** `undefined`, no deadline at all, when the command has no timeout: then only `signal` ends the call. */
export function execSyncMs(timeoutSeconds: number): number | undefined {
  return timeoutSeconds > 0 ? Math.min(timeoutSeconds * second + execSlackMs, longestTimerMs) : undefined;
}
