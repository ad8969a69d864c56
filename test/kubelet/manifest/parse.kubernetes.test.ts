/** One small Pod for each thing that the documentation of Kubernetes shows in its examples: it runs, or is refused by name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, problemsOf } from './read.ts';

/** What is shown, the document after its apiVersion and kind, and the beginnings of the problems. */
type Row = [what: string, text: string, ...says: string[]];

const pod = (spec: string, metadata = '') => `apiVersion: v1\nkind: Pod\nmetadata: {name: a${metadata}}\nspec: ${spec}`;
const M = '{name: m, image: "x:1"}';
const one = (more: string, container = '') => pod(`{${more}containers: [{name: m, image: "x:1", ${container}}]}`);
const object = (apiVersion: string, kind: string, more: string) => `apiVersion: ${apiVersion}\nkind: ${kind}\n${more}`;
const template = (spec: string) => `template: {metadata: {labels: {a: b}}, spec: ${spec}}`;
const NO_PLUGIN = 'Forbidden: this kind of volume needs a plugin';

const RUNS: Row[] = [
  [
    'a variable from a file',
    one(
      'initContainers: [{name: i, image: x, volumeMounts: [{name: v, mountPath: /v}]}], volumes: [{name: v, emptyDir: {}}], ',
      'env: [{name: A, valueFrom: {fileKeyRef: {path: a.env, volumeName: v, key: A, optional: false}}}]',
    ),
  ],
  [
    'an image as a volume, and a part of it',
    one(
      'volumes: [{name: v, image: {reference: "y:2", pullPolicy: IfNotPresent}}], ',
      'volumeMounts: [{name: v, mountPath: /v, subPath: dir}]',
    ),
  ],
  [
    'variables that need each other',
    one('', 'env: [{name: P, value: "80"}, {name: Q, value: "$(X):$(P)"}, {name: R, value: $$(P)}]'),
  ],
  [
    'a restart of all containers by exit code',
    one(
      'restartPolicy: Never, initContainers: [{name: w, image: x, restartPolicy: Always, restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [88]}}]}], ',
    ),
  ],
  [
    'tolerations by number',
    one('tolerations: [{key: example.org/level, operator: Gt, value: "900", effect: NoSchedule}], '),
    'warning spec.tolerations: ignored: this machine has no taints',
  ],
  [
    'a grpc probe',
    one('', 'ports: [{containerPort: 2379}], livenessProbe: {grpc: {port: 2379}, initialDelaySeconds: 10}'),
  ],
  [
    'groups by policy',
    one('securityContext: {runAsUser: 1000, supplementalGroups: [4000], supplementalGroupsPolicy: Strict}, '),
  ],
  ['a user namespace', one('hostUsers: false, ')],
  [
    'SELinux and AppArmor',
    one(
      'securityContext: {seLinuxOptions: {level: "s0:c1,c2"}, appArmorProfile: {type: Localhost, localhostProfile: p}}, ',
    ),
  ],
  ['a label that Windows needs, for Linux', one('os: {name: linux}, ')],
  [
    'several projected sources',
    one(
      'volumes: [{name: v, projected: {defaultMode: 0400, sources: [{secret: {name: s, items: [{key: u, path: a/u, mode: 511}]}}, {downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}]}}, {configMap: {name: c}}]}}], ',
    ),
  ],
  [
    'an expression as part of a volume',
    one(
      'volumes: [{name: v, hostPath: {path: /var/log/pods}}], ',
      'env: [{name: POD, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.name}}}], volumeMounts: [{name: v, mountPath: /logs, subPathExpr: $(POD)}]',
    ),
  ],
  ['a stop signal', one('os: {name: linux}, ', 'lifecycle: {stopSignal: SIGUSR1}')],
  [
    'flow style with comments and trailing commas',
    `---\n{\n  apiVersion: "v1", # JSON and yet not\n  kind: "Pod",\n  metadata: {name: "a",},\n  spec: {containers: [${M},],},\n}\n`,
  ],
  [
    'a Job with a sidecar',
    object(
      'batch/v1',
      'Job',
      `metadata: {name: a}\nspec: {${template(`{restartPolicy: Never, initContainers: [{name: s, image: x, restartPolicy: Always}], containers: [${M}]}`)}}`,
    ),
  ],
  [
    'a StatefulSet of one with its claim',
    object(
      'apps/v1',
      'StatefulSet',
      `metadata: {name: a}\nspec: {serviceName: a, selector: {matchLabels: {a: b}}, replicas: 1, ${template(`{containers: [${M}]}`)}, volumeClaimTemplates: [{metadata: {name: d}, spec: {accessModes: [ReadWriteOnce]}}]}`,
    ),
  ],
  [
    'a ReplicationController of old',
    object(
      'v1',
      'ReplicationController',
      `metadata: {name: a}\nspec: {replicas: 1, selector: {a: b}, ${template(`{containers: [${M}]}`)}}`,
    ),
  ],
];

const REFUSED: Row[] = [
  [
    'a gated Pod',
    one('schedulingGates: [{name: example.com/foo}], '),
    'error spec.schedulingGates: Forbidden: there is no API server',
  ],
  [
    'a device',
    one('', 'resources: {limits: {example.com/dongle: 3}}'),
    'error spec.containers[0].resources.limits[example.com/dongle]: Forbidden: extended resources need a device plugin',
  ],
  [
    'a resource claim',
    one('resourceClaims: [{name: g, resourceClaimTemplateName: t}], '),
    'error spec.resourceClaims: Forbidden: dynamic resource allocation',
  ],
  [
    'a token',
    one(
      'volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t, expirationSeconds: 7200, audience: a}}]}}], ',
    ),
    'error spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: there is no cluster',
  ],
  [
    'a trust bundle',
    one('volumes: [{name: v, projected: {sources: [{clusterTrustBundle: {name: e, path: p.pem}}]}}], '),
    'error spec.volumes[0].projected.sources[0].clusterTrustBundle: Forbidden: there is no cluster',
  ],
  [
    'a certificate',
    one(
      'volumes: [{name: v, projected: {sources: [{podCertificate: {keyType: ED25519, signerName: example.com/x, credentialBundlePath: c.pem}}]}}], ',
    ),
    'error spec.volumes[0].projected.sources[0].podCertificate: Forbidden: there is no cluster',
  ],
  [
    'a volume that is made for it',
    one('volumes: [{name: v, ephemeral: {volumeClaimTemplate: {spec: {}}}}], '),
    'error spec.volumes[0].ephemeral: Forbidden: there is no provisioner',
  ],
  [
    'a volume of a plugin',
    one('volumes: [{name: v, csi: {driver: inline.example.com}}], '),
    `error spec.volumes[0].csi: ${NO_PLUGIN}`,
  ],
  ['a Pod of Windows', one('os: {name: windows}, '), 'error spec.os.name: Forbidden: this is a Linux machine'],
  [
    'a HostProcess container',
    one('', 'securityContext: {windowsOptions: {hostProcess: true}}'),
    'error spec.containers[0].securityContext.windowsOptions: Forbidden: this is a Linux machine',
  ],
  [
    'a CronJob',
    object('batch/v1', 'CronJob', 'metadata: {name: a}\nspec: {schedule: "* * * * *"}'),
    'error kind: Invalid value: "CronJob": not supported',
  ],
  [
    'an indexed Job',
    object(
      'batch/v1',
      'Job',
      `metadata: {name: a}\nspec: {completions: 5, completionMode: Indexed, ${template(`{restartPolicy: Never, containers: [${M}]}`)}}`,
    ),
    'error spec.completions: Invalid value: 5: must be 0 or 1',
    'error spec.completionMode: Unsupported value: "Indexed"',
  ],
  [
    'a mistyped kind',
    object('apps/v1', 'Deploymnet', 'metadata: {name: a}'),
    'error kind: Invalid value: "Deploymnet": unknown kind of apiVersion apps/v1; did you mean Deployment?',
  ],
  [
    'a workload of a version that is gone',
    object('extensions/v1beta1', 'Deployment', 'metadata: {name: a}'),
    'error apiVersion: Invalid value: "extensions/v1beta1": Deployment is of apiVersion apps/v1',
  ],
  [
    'the agent’s own configuration, which no manifest can change',
    object('kubelet.config.k8s.io/v1beta1', 'KubeletConfiguration', 'admission: {allowPrivileged: true}'),
    'error kind: Invalid value: "KubeletConfiguration": unknown kind of apiVersion kubelet.config.k8s.io/v1beta1',
  ],
];

const NO_MEANING: Row[] = (
  [
    ['policy/v1beta1', 'PodDisruptionBudget'],
    ['autoscaling/v1', 'HorizontalPodAutoscaler'],
    ['autoscaling/v2beta2', 'HorizontalPodAutoscaler'],
    ['extensions/v1beta1', 'Ingress'],
    ['networking.k8s.io/v1', 'NetworkPolicy'],
    ['storage.k8s.io/v1beta1', 'StorageClass'],
    ['snapshot.storage.k8s.io/v1', 'VolumeSnapshot'],
    ['node.k8s.io/v1', 'RuntimeClass'],
    ['gateway.networking.k8s.io/v1', 'HTTPRoute'],
    ['monitoring.coreos.com/v1', 'ServiceMonitor'],
    ['coordination.k8s.io/v1', 'Lease'],
  ] as const
).map(([apiVersion, kind]) => [
  `${apiVersion} ${kind}`,
  object(apiVersion, kind, 'metadata: {name: a}'),
  `warning kind: ${kind} is ignored: `,
]);

function check(text: string, says: readonly string[], gives: boolean): void {
  const result = parse(text, undefined, 'n');
  const problems = problemsOf(result).map((problem) => problem.replace(/ \d+:\d+/, ''));
  assert.equal(problems.length, says.length, problems.join('\n'));
  for (const [index, begin] of says.entries()) assert.ok(problems[index]?.startsWith(begin), problems[index]);
  assert.deepEqual(
    result.revisions.map((revision) => revision.pod.metadata.name),
    gives ? ['a-n'] : [],
  );
}

for (const [what, text, ...says] of RUNS) test(`${what} runs`, () => check(text, says, true));
for (const [what, text, ...says] of REFUSED) test(`${what} is refused by name`, () => check(text, says, false));
for (const [what, text, ...says] of NO_MEANING)
  test(`${what} is passed over with a word`, () => check(text, says, false));
