/**
 * Which file may load which. A file of one layer loads its own layer and the ones before it. Imports of types alone are
 * free: nothing is loaded.
 *
 * To add a layer or move a file: edit LAYERS; the first pattern that matches decides.
 */
import { matchesGlob } from 'node:path/posix';

export interface Layer {
  name: string;
  files: readonly string[];
  /** Decides without waiting: no `await`, no clock, no log. */
  pure?: true;
}

export const LAYERS: readonly Layer[] = [
  {
    name: 'types',
    files: [
      'src/version.ts',
      'src/config/{types,closest}.ts',
      'src/cri/port.ts',
      'src/kubelet/{types,env,limits,host,node,observed,published,meter,slot,documents,verdict,prober,policy,capabilities}.ts',
      'src/kubelet/plan/types.ts',
      'src/kubelet/sources/source.ts',
    ],
  },
  {
    name: 'pure code',
    files: [
      'src/kubelet/{plan,status,sandbox,container,manifest}/**',
      'src/kubelet/{labels,identity,probe-targets}.ts',
      'src/probes/reduce.ts',
      'src/metadata/ingest/**',
    ],
    pure: true,
  },
  {
    name: 'owners of state',
    files: ['src/kubelet/{store,runtime-cache,notes,events,lanes}.ts', 'src/probes/verdicts.ts'],
  },
  {
    name: 'input and output',
    files: ['src/kubelet/{sources,volumes,dns}/**', 'src/http/**', 'src/probes/**', 'src/metadata/**'],
  },
  { name: 'loop', files: ['src/kubelet/loop.ts'] },
  { name: 'main', files: ['src/*.ts', 'src/cli/**', 'src/config/**'] },
];

/** Files of `src/kubelet` that no pattern names do input and output for the loop. */
const DEFAULT_LAYER = 'input and output';

export function layerOf(file: string): number | undefined {
  const found = LAYERS.findIndex((layer) => layer.files.some((pattern) => matchesGlob(file, pattern)));
  if (found >= 0) return found;
  return file.startsWith('src/kubelet/') ? LAYERS.findIndex((layer) => layer.name === DEFAULT_LAYER) : undefined;
}

/** The runtime client stands beside the layers: it knows its own folder, the wire and the clock, and is loaded by main. */
export const RUNTIME_CLIENT = 'src/cri/';
export const RUNTIME_CLIENT_MAY_LOAD = ['src/kubelet/env.ts', 'protos/descriptor.json'];
