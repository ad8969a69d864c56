/** Where a private containerd keeps its things, and the files it is configured with. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cniBinDir, hasCapability } from './containerd-problems.ts';

/** The name by which the processes of all private containerds are known. */
export const configName = 'private-containerd.toml';

export interface Layout {
  dir: string;
  /** Differs from instance to instance: 8 hexadecimal digits of the directory's hash. */
  id: string;
  configFile: string;
  /** What a later clean-up must know. */
  stateFile: string;
  logFile: string;
  socket: string;
  /** CNI network; its name is in every iptables rule that its plugins make. */
  network: string;
  bridge: string;
  /** A cgroup parent for whoever wants one that is removed at the end. */
  cgroupRoot: string;
}

/** `dir` must be real (no links in it): mount points are compared with it. */
export function layoutOf(dir: string): Layout {
  const id = createHash('sha256').update(dir).digest('hex').slice(0, 8);
  return {
    dir,
    id,
    configFile: join(dir, configName),
    stateFile: join(dir, 'private-containerd.json'),
    logFile: join(dir, 'containerd.log'),
    socket: join(dir, 'containerd.sock'),
    network: `private-${id}`,
    // The kernel allows 15 characters.
    bridge: `private${id}`,
    cgroupRoot: `/private-${id}`,
  };
}

export interface NetworkOptions {
  /** Pods have an IPv6 address too. */
  dualStack?: boolean;
  /** Annotations of Pods limit their traffic. Pods must be removed before the end, or their devices stay. */
  bandwidth?: boolean;
}

/** Unique local addresses of the instance's own. */
export function subnet6({ id }: Layout): string {
  return `fdcc:${id.slice(0, 4)}:${id.slice(4)}::/64`;
}

/** Writes config.toml and the CNI network. `sandboxImage` must be imported before the first Pod. */
export function writeConfig(
  layout: Layout,
  subnet: string,
  sandboxImage: string,
  { dualStack, bandwidth }: NetworkOptions = {},
): void {
  const { dir } = layout;
  const inDir = (...parts: string[]) => JSON.stringify(join(dir, ...parts));
  const disabled = [
    ...['aufs', 'btrfs', 'devmapper', 'zfs'].map((name) => `io.containerd.snapshotter.v1.${name}`),
    'io.containerd.internal.v1.restart',
    'io.containerd.internal.v1.tracing',
    'io.containerd.tracing.processor.v1.otlp',
  ];
  const config = `version = 2
root = ${inDir('root')}
state = ${inDir('state')}
disabled_plugins = ${JSON.stringify(disabled)}
[grpc]
  address = ${JSON.stringify(layout.socket)}
[plugins."io.containerd.internal.v1.opt"]
  path = ${inDir('opt')}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${JSON.stringify(sandboxImage)}
  # Without CAP_SYS_RESOURCE runc cannot lower oom_score_adj, and no sandbox would start.
  restrict_oom_score_adj = ${!hasCapability('CAP_SYS_RESOURCE')}
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${JSON.stringify(cniBinDir())}
    conf_dir = ${inDir('cni')}
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = ${inDir('certs.d')}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = ${JSON.stringify(snapshotterFor(dir))}
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = ${inDir('runc')}
`;
  const network = {
    cniVersion: '0.4.0',
    name: layout.network,
    plugins: [
      {
        type: 'bridge',
        bridge: layout.bridge,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: join(dir, 'ipam'),
          ranges: [[{ subnet }], ...(dualStack ? [[{ subnet: subnet6(layout) }]] : [])],
          routes: [{ dst: '0.0.0.0/0' }, ...(dualStack ? [{ dst: '::/0' }] : [])],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
      ...(bandwidth ? [{ type: 'bandwidth', capabilities: { bandwidth: true } }] : []),
    ],
  };
  for (const name of ['cni', 'certs.d']) mkdirSync(join(dir, name), { recursive: true });
  writeFileSync(join(dir, 'cni', '10-private.conflist'), JSON.stringify(network, undefined, 2));
  writeFileSync(layout.configFile, config);
}

/**
 * A /24 of 10.0.0.0/8 that overlaps with nothing this machine has an address or a route in, nor with `taken`. The search
 * begins at a place of the instance's own, so that the same directory usually gets the same subnet.
 */
export function freeSubnet(layout: Layout, taken: readonly string[]): string {
  const list = (...args: string[]) =>
    JSON.parse(execFileSync('ip', ['-4', '-j', ...args], { encoding: 'utf8' }) || '[]');
  const routes = list('route', 'show', 'table', 'all') as { dst: string }[];
  const used = [...taken, ...routes.map(({ dst }) => dst)].filter((dst) => /^\d/.test(dst)).map(parseCidr);
  const first = Number.parseInt(layout.id, 16) % 65536;
  for (let step = 0; step < 65536; step += 1) {
    const index = (first + step) % 65536;
    const subnet = `10.${index >> 8}.${index & 255}.0/24`;
    const candidate = parseCidr(subnet);
    if (used.every((other) => candidate.last < other.first || other.last < candidate.first)) return subnet;
  }
  throw new Error('no free /24 in 10.0.0.0/8: name one with --subnet');
}

function parseCidr(text: string): { first: number; last: number } {
  const [address = '', bits = '32'] = text.split('/');
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const size = 2 ** (32 - Number(bits));
  const value = ((a * 256 + b) * 256 + c) * 256 + d;
  const first = value - (value % size);
  return { first, last: first + size - 1 };
}

/** overlayfs cannot lie on an overlayfs, as inside of a container; copying is slow but works everywhere. */
function snapshotterFor(dir: string): 'overlayfs' | 'native' {
  const overlayMagic = 0x794c7630;
  return statfsSync(dir).type === overlayMagic ? 'native' : 'overlayfs';
}
