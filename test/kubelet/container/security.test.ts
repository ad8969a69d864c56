import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSecurity, type ImageUser } from '../../../src/kubelet/container/security.ts';
import type { Node } from '../../../src/kubelet/node.ts';
import type { Container, PodSpec } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';
import { node } from '../node.ts';

type Own = NonNullable<Container['securityContext']>;
type OfPod = NonNullable<PodSpec['securityContext']>;

interface Given {
  own?: Own;
  ofPod?: OfPod;
  image?: ImageUser | undefined;
  node?: Partial<Node>;
  annotations?: Record<string, string>;
}

const ROOT_IMAGE: ImageUser = { username: '' };

function security(given: Given) {
  const { pod } = revision({ securityContext: given.ofPod ?? {} });
  const { annotations } = given;
  const annotated = { ...pod, metadata: { ...pod.metadata, ...(annotations && { annotations }) } };
  const one = container(given.own ? { securityContext: given.own } : {});
  return containerSecurity(annotated, one, node(given.node), 'image' in given ? given.image : ROOT_IMAGE);
}

test('a container that asks for nothing runs as root, unconfined, with the usual paths hidden', () => {
  assert.deepEqual(security({ node: { maskedPaths: ['/sys/devices/system/cpu/cpu0/thermal_throttle'] } }), {
    namespaceOptions: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' },
    runAsUser: { value: 0 },
    supplementalGroups: [],
    privileged: false,
    readonlyRootfs: false,
    noNewPrivs: false,
    seccomp: { profileType: 'Unconfined' },
    maskedPaths: [
      '/proc/asound',
      '/proc/acpi',
      '/proc/interrupts',
      '/proc/kcore',
      '/proc/keys',
      '/proc/latency_stats',
      '/proc/timer_list',
      '/proc/timer_stats',
      '/proc/sched_debug',
      '/proc/scsi',
      '/sys/firmware',
      '/sys/devices/virtual/powercap',
      '/sys/devices/system/cpu/cpu0/thermal_throttle',
    ],
    readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
  });
});

const users: [string, Given, object][] = [
  ["the container's uid", { own: { runAsUser: 7 }, ofPod: { runAsUser: 8 } }, { runAsUser: { value: 7 } }],
  ["the Pod's uid", { ofPod: { runAsUser: 8 }, image: { uid: 9, username: '' } }, { runAsUser: { value: 8 } }],
  ["the image's uid", { image: { uid: 9, username: '' } }, { runAsUser: { value: 9 } }],
  ["the image's user name", { image: { username: 'www' } }, { runAsUsername: 'www' }],
  ['nobody in particular, of an unknown image', { image: undefined }, {}],
  ['root when asked for', { own: { runAsUser: 0 }, ofPod: { runAsUser: 8 } }, { runAsUser: { value: 0 } }],
  [
    "the container's group",
    { own: { runAsGroup: 5 }, ofPod: { runAsGroup: 6 } },
    { runAsUser: { value: 0 }, runAsGroup: { value: 5 } },
  ],
  ["the Pod's group", { ofPod: { runAsGroup: 6 } }, { runAsUser: { value: 0 }, runAsGroup: { value: 6 } }],
];

for (const [name, given, expected] of users)
  test(`it runs as ${name}`, () => {
    const { runAsUser, runAsUsername, runAsGroup } = security(given);
    const found = {
      ...(runAsUser && { runAsUser }),
      ...(runAsUsername && { runAsUsername }),
      ...(runAsGroup && { runAsGroup }),
    };
    assert.deepEqual(found, expected);
  });

const PLACE = '(pod: "web-n1_default(u1)", container: main)';
const nonRoot: [string, Given, string | undefined][] = [
  [
    'uid 0 is asked for',
    { own: { runAsNonRoot: true, runAsUser: 0 } },
    `container's runAsUser breaks non-root policy ${PLACE}`,
  ],
  [
    'the Pod asks for uid 0',
    { ofPod: { runAsNonRoot: true, runAsUser: 0 } },
    `container's runAsUser breaks non-root policy ${PLACE}`,
  ],
  [
    'the image has no user',
    { own: { runAsNonRoot: true } },
    `container has runAsNonRoot and image will run as root ${PLACE}`,
  ],
  [
    'the image has uid 0',
    { own: { runAsNonRoot: true }, image: { uid: 0, username: '' } },
    `container has runAsNonRoot and image will run as root ${PLACE}`,
  ],
  [
    'the image has a user name',
    { own: { runAsNonRoot: true }, image: { username: 'www' } },
    `container has runAsNonRoot and image has non-numeric user (www), cannot verify user is non-root ${PLACE}`,
  ],
  [
    'the image is unknown',
    { own: { runAsNonRoot: true }, image: undefined },
    `container has runAsNonRoot and image's user is unknown, cannot verify user is non-root ${PLACE}`,
  ],
  ['the image has another uid', { own: { runAsNonRoot: true }, image: { uid: 9, username: '' } }, undefined],
  ['another uid is asked for', { ofPod: { runAsNonRoot: true }, own: { runAsUser: 7 }, image: undefined }, undefined],
  [
    'the container takes the rule of its Pod back',
    { ofPod: { runAsNonRoot: true }, own: { runAsNonRoot: false } },
    undefined,
  ],
];

for (const [name, given, message] of nonRoot)
  test(`a container that must not be root is ${message ? 'refused' : 'made'} when ${name}`, () => {
    if (message) assert.throws(() => security(given), { name: 'ConfigError', message });
    else assert.doesNotThrow(() => security(given));
  });

test('flags and capabilities are passed on, capabilities without their prefix', () => {
  const { privileged, readonlyRootfs, noNewPrivs, capabilities } = security({
    own: {
      privileged: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { add: ['NET_ADMIN', 'CAP_SYS_TIME'], drop: ['ALL'] },
    },
  });
  assert.deepEqual(
    { privileged, readonlyRootfs, noNewPrivs, capabilities },
    {
      privileged: true,
      readonlyRootfs: true,
      noNewPrivs: true,
      capabilities: { addCapabilities: ['NET_ADMIN', 'SYS_TIME'], dropCapabilities: ['ALL'] },
    },
  );
  assert.equal(security({ own: { allowPrivilegeEscalation: true } }).noNewPrivs, false);
});

test('groups of the Pod are those of every container', () => {
  const { supplementalGroups, supplementalGroupsPolicy } = security({
    ofPod: { fsGroup: 2000, supplementalGroups: [3000], supplementalGroupsPolicy: 'Merge' },
  });
  assert.deepEqual([supplementalGroups, supplementalGroupsPolicy], [[2000, 3000], 'Merge']);
});

test('SELinux options of the container replace those of the Pod as a whole', () => {
  const ofPod = { seLinuxOptions: { level: 's0', type: 't' } };
  assert.deepEqual(security({ ofPod }).selinuxOptions, { level: 's0', type: 't' });
  assert.deepEqual(security({ ofPod, own: { seLinuxOptions: { level: 's1' } } }).selinuxOptions, { level: 's1' });
});

const LOCALHOST = { type: 'Localhost', localhostProfile: 'profiles/audit.json' };
const seccomp: [string, Given, object][] = [
  ['none asked, default off', {}, { profileType: 'Unconfined' }],
  ['none asked, default on', { node: { seccompDefault: true } }, { profileType: 'RuntimeDefault' }],
  ['of the Pod', { ofPod: { seccompProfile: { type: 'RuntimeDefault' } } }, { profileType: 'RuntimeDefault' }],
  [
    'of the container over the Pod',
    {
      own: { seccompProfile: { type: 'Unconfined' } },
      ofPod: { seccompProfile: LOCALHOST },
      node: { seccompDefault: true },
    },
    { profileType: 'Unconfined' },
  ],
  [
    'a file below the root directory',
    { own: { seccompProfile: LOCALHOST } },
    { profileType: 'Localhost', localhostRef: '/var/lib/rower/seccomp/profiles/audit.json' },
  ],
];

for (const [name, given, expected] of seccomp)
  test(`seccomp: ${name}`, () => assert.deepEqual(security(given).seccomp, expected));

const ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/main';
const apparmor: [string, Given, object | undefined][] = [
  ['none asked', {}, undefined],
  ['of the Pod', { ofPod: { appArmorProfile: { type: 'RuntimeDefault' } } }, { profileType: 'RuntimeDefault' }],
  [
    'of the container over the Pod',
    {
      own: { appArmorProfile: { type: 'Localhost', localhostProfile: 'strict' } },
      ofPod: { appArmorProfile: { type: 'Unconfined' } },
    },
    { profileType: 'Localhost', localhostRef: 'strict' },
  ],
  ['annotated default', { annotations: { [ANNOTATION]: 'runtime/default' } }, { profileType: 'RuntimeDefault' }],
  ['annotated unconfined', { annotations: { [ANNOTATION]: 'unconfined' } }, { profileType: 'Unconfined' }],
  [
    'annotated profile',
    { annotations: { [ANNOTATION]: 'localhost/strict' } },
    { profileType: 'Localhost', localhostRef: 'strict' },
  ],
  ['annotated nonsense', { annotations: { [ANNOTATION]: 'what' } }, undefined],
  ['annotated for another container', { annotations: { [`${ANNOTATION}2`]: 'unconfined' } }, undefined],
  [
    'a field over an annotation',
    { own: { appArmorProfile: { type: 'RuntimeDefault' } }, annotations: { [ANNOTATION]: 'unconfined' } },
    { profileType: 'RuntimeDefault' },
  ],
];

for (const [name, given, expected] of apparmor)
  test(`AppArmor: ${name}`, () => assert.deepEqual(security(given).apparmor, expected));

test('a local profile without a name is refused', () => {
  const message = (field: string) => ({
    name: 'ConfigError',
    message: `localhostProfile must be set if ${field} type is Localhost.`,
  });
  assert.throws(() => security({ own: { seccompProfile: { type: 'Localhost' } } }), message('seccompProfile'));
  assert.throws(() => security({ own: { appArmorProfile: { type: 'Localhost' } } }), message('appArmorProfile'));
});

test('an unmasked /proc hides nothing', () => {
  const { maskedPaths, readonlyPaths } = security({ own: { procMount: 'Unmasked' } });
  assert.deepEqual([maskedPaths, readonlyPaths], [[], []]);
});
