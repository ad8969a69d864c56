/** The Pods that benchmarks run. */
import { busyboxImage, type ImageSpec } from './images.ts';

export interface PodOptions {
  /** On loopback. */
  hostPort?: number;
}

/** Stops at once whatever the grace period: its stop signal is SIGKILL. */
export const SLEEPER_IMAGE: ImageSpec = {
  ...busyboxImage('localhost/sleeper:1'),
  cmd: ['/bin/busybox', 'sleep', '100000'],
  stopSignal: 'SIGKILL',
};

/** Starts and stops at once and needs next to nothing. */
export function sleeper(name: string, { hostPort }: PodOptions = {}): string {
  return manifest(name, 5, {
    image: SLEEPER_IMAGE.name,
    ...(hostPort !== undefined && { ports: [{ containerPort: 80, hostPort, hostIP: '127.0.0.1' }] }),
  });
}

/** Ends at once and is started again. */
export function short(name: string): string {
  return manifest(name, 5, { image: 'localhost/busybox:1', command: ['/bin/busybox', 'true'] });
}

/** A web server that ends at once when it is told to. `page` makes one differ from another. */
export function server(name: string, page: string, { hostPort }: PodOptions = {}): string {
  return manifest(name, 5, {
    image: 'localhost/demo:1',
    env: [{ name: 'PAGE', value: page }],
    ...(hostPort !== undefined && { ports: [{ containerPort: 80, hostPort, hostIP: '127.0.0.1' }] }),
  });
}

function manifest(name: string, terminationGracePeriodSeconds: number, container: object): string {
  const spec = { terminationGracePeriodSeconds, containers: [{ name: 'main', ...container }] };
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });
}
