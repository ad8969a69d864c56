import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, problemsOf } from '../read.ts';
import { podOf, withContainer, withPod } from './rule-table.ts';

function warnings(text: string): string[] {
  const result = parse(text);
  assert.equal(result.revisions.length, 1, 'it runs');
  return problemsOf(result).map((one) => one.replace(/^warning \d+:\d+ /, ''));
}

const annotated = (annotation: string) =>
  withPod('hostname: h').replace('{name: a}', `{name: a, annotations: {${annotation}}}`);
const C = 'spec.containers[0]';
const NAME =
  'Failed to apply default image tag "X:1": couldn\'t parse image name "X:1": invalid reference format: repository name (X) must be lowercase';

const rows: [what: string, text: string, ...expected: string[]][] = [
  ['a plain Pod', withPod('hostname: h')],
  [
    'seccomp by an annotation that means nothing any more',
    annotated('seccomp.security.alpha.kubernetes.io/pod: localhost/audit.json'),
    'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
  ],
  [
    'annotations of podman',
    annotated('"io.podman.annotations.volumes-from/m": other'),
    'metadata.annotations[io.podman.annotations.volumes-from/m]: an annotation of podman, without effect here',
  ],
  ['AppArmor by annotation, which works', annotated('container.apparmor.security.beta.kubernetes.io/m: localhost/p')],
  ['an image that no registry can have', podOf('{containers: [{name: m, image: "X:1"}]}'), `${C}.image: ${NAME}`],
  [
    'the same as a volume',
    withPod('volumes: [{name: v, image: {reference: "X:1"}}]'),
    `spec.volumes[0].image.reference: ${NAME}`,
  ],
  [
    'capabilities that there are not',
    withContainer('securityContext: {capabilities: {add: [NET_ADMNI, sys_time, CAP_CHOWN], drop: [ALL, FLY]}}'),
    `${C}.securityContext.capabilities.add[0]: unknown capability "NET_ADMNI"; did you mean NET_ADMIN?`,
    `${C}.securityContext.capabilities.drop[1]: unknown capability "FLY"`,
  ],
  [
    'thousandths of a byte, and a forgotten unit',
    withContainer('resources: {requests: {memory: 100m}, limits: {memory: 512, cpu: 100m}}'),
    `${C}.resources.limits[memory]: "512" is less than 1Mi: no container starts with so little, did you forget a unit such as Mi?`,
    `${C}.resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer`,
  ],
  ['half a core and half a gigabyte', withContainer('resources: {limits: {memory: 0.5Gi, cpu: 0.5}}')],
  [
    'a variable twice',
    withContainer('env: [{name: A, value: b}, {name: B}, {name: A}, {name: B, value: $(B):c}]'),
    `${C}.env[2]: hides previous definition of "A", which may be dropped when using apply`,
  ],
  [
    'a port twice',
    withContainer('ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}, {containerPort: 80, name: web}]'),
    `${C}.ports[2]: duplicate port definition with ${C}.ports[0]`,
  ],
  [
    'a container that is not there',
    withContainer(
      'env: [{name: A, valueFrom: {resourceFieldRef: {containerName: x, resource: limits.cpu}}}]',
      'volumes: [{name: v, downwardAPI: {items: [{path: a, resourceFieldRef: {containerName: z, resource: limits.cpu}}, {path: b, resourceFieldRef: {containerName: m, resource: limits.cpu}}]}}], ',
    ),
    `spec.volumes[0].downwardAPI.items[0].resourceFieldRef.containerName: container z not found`,
    `${C}.env[0].valueFrom.resourceFieldRef.containerName: container x not found`,
  ],
  [
    'credentials without a name',
    withPod('imagePullSecrets: [{}]'),
    'spec.imagePullSecrets[0].name: invalid empty name ""',
  ],
  [
    'a port of two containers, and an address of no port',
    podOf(
      '{containers: [{name: m, image: "x:1", ports: [{containerPort: 80}]}, {name: o, image: "x:1", ports: [{containerPort: 80}, {containerPort: 81, hostIP: 127.0.0.1}]}]}',
    ),
    `spec.containers[1].ports[0]: duplicate port definition with ${C}.ports[0]`,
    'spec.containers[1].ports[1].hostIP: hostIP set without hostPort',
  ],
  [
    'credentials and addresses twice',
    withPod(
      'imagePullSecrets: [{name: s}, {name: s}], hostAliases: [{ip: 10.0.0.1, hostnames: [a]}, {ip: 10.0.0.1, hostnames: [b]}]',
    ),
    'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
    'spec.imagePullSecrets[1].name: duplicate name "s"',
  ],
  [
    'a profile by the field and by the annotation of old',
    annotated('seccomp.security.alpha.kubernetes.io/pod: localhost/a').replace(
      'hostname: h',
      'securityContext: {seccompProfile: {type: RuntimeDefault}}',
    ),
  ],
];
for (const [what, text, ...expected] of rows)
  test(`${what}: ${expected.length > 0 ? 'warned of' : 'nothing to say'}`, () => {
    assert.deepEqual(warnings(text).sort(), [...expected].sort());
  });
