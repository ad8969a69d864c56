/**
 * The kinds of probes.
 *
 * To add one: 1. its name in `ProbeKind` (types.ts); 2. a file with a handler; 3. a row here; 4. its fields in
 * kubelet/manifest/fields.ts and their checks in kubelet/manifest/rules/probes.ts.
 */
import type { Cri } from '../cri/port.ts';
import type { Env } from '../kubelet/env.ts';
import type { Probe } from '../kubelet/types.ts';
import { execProbe } from './exec.ts';
import { grpcProbe } from './grpc.ts';
import { httpProbe } from './http.ts';
import { endLeftovers } from './leftovers.ts';
import { probeLookup } from './lookup.ts';
import { tcpProbe } from './tcp.ts';
import type { ProbeHandler, ProbeKind } from './types.ts';

export type ProbeHandlers = Readonly<Record<ProbeKind, ProbeHandler>>;

export function probeHandlers({ env, cri }: { env: Env; cri: Pick<Cri, 'execSync' | 'containerStatus'> }) {
  const lookup = probeLookup();
  return {
    exec: execProbe({ env, cri, endLeftovers }),
    httpGet: httpProbe({ env, lookup }),
    tcpSocket: tcpProbe({ env, lookup }),
    grpc: grpcProbe({ env }),
  } satisfies ProbeHandlers;
}

/** What its use costs: `runtime` starts a process, `network` a connection. */
export const PROBE_COSTS: Readonly<Record<ProbeKind, 'runtime' | 'network'>> = {
  exec: 'runtime',
  httpGet: 'network',
  tcpSocket: 'network',
  grpc: 'network',
};

/** A validated probe has exactly one. */
export function kindOf(probe: Probe): ProbeKind | undefined {
  return (Object.keys(PROBE_COSTS) as ProbeKind[]).find((kind) => probe[kind] !== undefined);
}
