import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerMounts } from '../../../src/kubelet/container/mounts.ts';
import type { PreparedVolume } from '../../../src/kubelet/host.ts';
import type { Container, PodSpec, VolumeMount } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';

const volume = (hostPath: string, change: Partial<PreparedVolume> = {}): PreparedVolume => ({
  hostPath,
  readOnly: false,
  selinuxRelabel: false,
  ...change,
});
const prepared = {
  volumes: new Map([
    ['data', volume('/pods/u1/data', { selinuxRelabel: true })],
    ['etc', volume('/etc')],
    ['info', volume('/pods/u1/info', { readOnly: true })],
    ['image', volume('', { readOnly: true, image: { ref: 'sha256:1', reference: 'busybox' } })],
  ]),
  hostsFile: '/pods/u1/etc-hosts',
};

interface Given {
  container?: Partial<Container>;
  spec?: Partial<PodSpec>;
  podIps?: string[];
  recursiveReadOnly?: boolean;
  subPaths?: ReadonlyMap<number, string>;
}

function mounts(volumeMounts: VolumeMount[], given: Given = {}) {
  return containerMounts({
    pod: revision(given.spec).pod,
    container: container({ volumeMounts, ...given.container }),
    prepared,
    podIps: given.podIps ?? ['10.0.0.5'],
    terminationLogPath: '/pods/u1/containers/main/0',
    recursiveReadOnly: given.recursiveReadOnly ?? false,
    ...(given.subPaths && { subPaths: given.subPaths }),
  });
}
const HOSTS = { containerPath: '/etc/hosts', hostPath: '/pods/u1/etc-hosts', readonly: false, selinuxRelabel: true };
const TERMINATION = {
  containerPath: '/dev/termination-log',
  hostPath: '/pods/u1/containers/main/0',
  readonly: false,
  selinuxRelabel: true,
};
const only = (mount: VolumeMount, given: Given = {}) => mounts([mount], given)[0];

test('mounts come in the order of the spec, then the hosts file, the termination log last', () => {
  const found = mounts([
    { name: 'etc', mountPath: '/host/etc' },
    { name: 'data', mountPath: 'relative' },
  ]);
  assert.deepEqual(found, [
    {
      containerPath: '/host/etc',
      hostPath: '/etc',
      readonly: false,
      selinuxRelabel: false,
      propagation: 'PROPAGATION_PRIVATE',
    },
    {
      containerPath: '/relative',
      hostPath: '/pods/u1/data',
      readonly: false,
      selinuxRelabel: true,
      propagation: 'PROPAGATION_PRIVATE',
    },
    HOSTS,
    TERMINATION,
  ]);
});

test('with a user namespace every mount is shown with its ids', () => {
  const ids = [{ hostId: 131_072, containerId: 0, length: 65_536 }];
  const found = containerMounts({
    pod: revision({ hostUsers: false }).pod,
    container: container({ volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
    prepared: { ...prepared, userNamespace: { hostId: 131_072, length: 65_536 } },
    podIps: ['10.0.0.5'],
    terminationLogPath: '/t',
    recursiveReadOnly: false,
  });
  assert.equal(found.length, 3);
  for (const mount of found) assert.deepEqual([mount.uidMappings, mount.gidMappings], [ids, ids]);
});

const hosts: [string, VolumeMount[], Given, boolean][] = [
  ['with an address', [], {}, true],
  ['without an address', [], { podIps: [] }, false],
  ['on the host network', [], { podIps: [], spec: { hostNetwork: true } }, true],
  ['with its own mount there', [{ name: 'etc', mountPath: '/etc/hosts' }], {}, false],
  ['with its own mount above', [{ name: 'etc', mountPath: '/etc' }], {}, true],
];

for (const [name, list, given, expected] of hosts)
  test(`a container ${name} ${expected ? 'has' : 'does not have'} the managed hosts file`, () =>
    assert.equal(
      mounts(list, given).some((mount) => mount.hostPath === prepared.hostsFile),
      expected,
    ));

test('the termination log is where the container wants it', () => {
  assert.deepEqual(mounts([], { container: { terminationMessagePath: 'tmp/end' } }).at(-1), {
    ...TERMINATION,
    containerPath: '/tmp/end',
  });
  assert.deepEqual(mounts([], { container: { terminationMessagePath: '' } }), [HOSTS]);
});

test('a mount is read-only when it says so or its volume is', () => {
  assert.equal(only({ name: 'data', mountPath: '/d', readOnly: true })?.readonly, true);
  assert.equal(only({ name: 'info', mountPath: '/d', readOnly: false })?.readonly, true);
});

test('propagation is passed on', () => {
  const found = ['None', 'HostToContainer', 'Bidirectional'].map(
    (mountPropagation) => only({ name: 'data', mountPath: '/d', mountPropagation })?.propagation,
  );
  assert.deepEqual(found, ['PROPAGATION_PRIVATE', 'PROPAGATION_HOST_TO_CONTAINER', 'PROPAGATION_BIDIRECTIONAL']);
});

const recursive: [string, Partial<VolumeMount>, boolean, boolean | string][] = [
  ['Disabled', { readOnly: true, recursiveReadOnly: 'Disabled' }, true, false],
  ['IfPossible and possible', { readOnly: true, recursiveReadOnly: 'IfPossible' }, true, true],
  ['IfPossible and not', { readOnly: true, recursiveReadOnly: 'IfPossible' }, false, false],
  ['Enabled and possible', { readOnly: true, recursiveReadOnly: 'Enabled' }, true, true],
  ['Enabled and not', { readOnly: true, recursiveReadOnly: 'Enabled' }, false, 'supported by the runtime'],
  ['Enabled on a writable mount', { recursiveReadOnly: 'Enabled' }, true, 'read-only'],
  [
    'Enabled with propagation',
    { readOnly: true, recursiveReadOnly: 'Enabled', mountPropagation: 'HostToContainer' },
    true,
    'compatible with propagation "HostToContainer"',
  ],
];

for (const [name, change, recursiveReadOnly, expected] of recursive)
  test(`recursive read-only, ${name}`, () => {
    const mount = { name: 'data', mountPath: '/d', ...change };
    if (typeof expected === 'boolean')
      assert.equal(only(mount, { recursiveReadOnly })?.recursiveReadOnly ?? false, expected);
    else
      assert.throws(() => only(mount, { recursiveReadOnly }), {
        name: 'ConfigError',
        message: `volume "data" requested recursive read-only mode, but it is not ${expected}`,
      });
  });

test('a volume that is not there is refused by name', () => {
  assert.throws(() => mounts([{ name: 'ghost', mountPath: '/g' }]), {
    name: 'ConfigError',
    message: 'cannot find volume "ghost" to mount into container "main"',
  });
});

test('a part of a volume that the host did not bind is refused, rather than the whole mounted in its place', () => {
  for (const part of [{ subPath: 'a' }, { subPathExpr: '$(A)' }])
    assert.throws(() => mounts([{ name: 'data', mountPath: '/d', ...part }]), {
      name: 'ConfigError',
      message: 'failed to prepare subPath for volumeMount "data" of container "main"',
    });
});

test('a part of a volume is mounted from where the host bound it; an expression that is nothing means the whole', () => {
  const list = [
    { name: 'data', mountPath: '/whole' },
    { name: 'data', mountPath: '/a', subPath: 'a' },
    { name: 'data', mountPath: '/b', subPathExpr: '$(EMPTY)' },
  ];
  const found = mounts(list, { subPaths: new Map([[1, '/pods/u1/volume-subpaths/data/main/1']]) });
  const paths = found.slice(0, 3).map((mount) => mount.hostPath);
  assert.deepEqual(paths, ['/pods/u1/data', '/pods/u1/volume-subpaths/data/main/1', '/pods/u1/data']);
});

test('the runtime is given an image by name, and finds the part of it', () => {
  const list = [{ name: 'image', mountPath: '/i', subPath: 'bin' }];
  assert.deepEqual(mounts(list, { subPaths: new Map([[0, 'bin']]) })[0], {
    containerPath: '/i',
    hostPath: '',
    readonly: true,
    image: { image: 'sha256:1', userSpecifiedImage: 'busybox' },
    imageSubPath: 'bin',
  });
});
