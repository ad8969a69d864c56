import * as cri from '../../cri/port.ts';
import type { Documents } from '../documents.ts';
import type { Env } from '../env.ts';
import type { Pod } from '../types.ts';
import type { ImageGate } from './gate.ts';
import { joinedText } from './pull-error.ts';
import { pullSecrets } from './pull-secrets.ts';
import { authsFor } from './registry-auth.ts';
import { PullThrottle } from './throttle.ts';

export interface PullRequest {
  /** With a tag or digest. */
  readonly image: string;
  /** Whose pull secrets are used. */
  readonly pod: Pod;
  readonly documents: Documents;
  readonly signal: AbortSignal;
}

/** Fetches an image. Resolves to how long it took once its turn had come, ms. Rejects with CriError. */
export type PullImage = (request: PullRequest) => Promise<number>;

export interface PullerOptions {
  readonly env: Env;
  readonly cri: cri.Cri;
  /** Credentials of this machine for an image, in the order in which they are tried. Never rejects. */
  readonly nodeAuths: (image: string) => Promise<readonly cri.AuthConfig[]>;
  /** 0 is no limit. */
  readonly pullsPerSecond: number;
  readonly burst: number;
  /** The image policy; absent: every image may be pulled. */
  readonly gate?: Pick<ImageGate, 'before' | 'after'> | undefined;
}

/** More credentials than this are not tried for one pull. */
const MAX_TRIES = 20;

/**
 * Pulls with all credentials that fit, one after the other until one works: the Pod's secrets, then the machine's own;
 * without any only when there are none (pkg/kubelet/kuberuntime/kuberuntime_image.go).
 */
export function createPuller({ env, cri: runtime, nodeAuths, pullsPerSecond, burst, gate }: PullerOptions): PullImage {
  const throttle = new PullThrottle(env, pullsPerSecond, burst);
  return async ({ image, pod, documents, signal }) => {
    await throttle.turn(signal);
    const secrets = pullSecrets(pod, documents);
    for (const problem of secrets.problems)
      env.log.warn(
        { pod: `${pod.metadata.namespace}/${pod.metadata.name}`, image },
        `${problem}; the image is pulled without it`,
      );
    const auths = [...authsFor(secrets.auths, image), ...(await nodeAuths(image))].slice(0, MAX_TRIES);
    const startMs = env.monotonicMs();
    await gate?.before(image, auths, signal);
    const failures: cri.CriError[] = [];
    for (const auth of auths.length > 0 ? auths : [undefined]) {
      try {
        await runtime.pullImage(image, auth, undefined, signal);
        await gate?.after(image);
        return env.monotonicMs() - startMs;
      } catch (error) {
        if (!(error instanceof cri.CriError) || error.code === 'unavailable' || error.code === 'cancelled') throw error;
        failures.push(error);
      }
    }
    const [first] = failures;
    throw new cri.CriError(
      first?.code ?? 'other',
      'PullImage',
      joinedText(failures.map((failure) => failure.message)),
      { cause: first },
    );
  };
}
