/** Mistakes of people who write their first manifest: each message says what to do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggestField } from '../../../src/kubelet/manifest/suggest.ts';
import { parse, problemsOf } from './read.ts';

const HEAD = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n';
const pod = (rest: string) => `${HEAD}spec:\n  containers:\n${rest}`;
const resources = (memory: string) =>
  pod(`    - {name: web, image: "x:1", resources: {requests: {memory: "${memory}"}}}\n`);
const TEMPLATE = '"{{" begins a part of a template, which has to be filled in first (a chart of Helm: helm template)';
const NOT_A_QUANTITY =
  'Invalid value: "%": quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'';
const quantity = (text: string, meant: string) => {
  const said = `error 7:64 spec.containers[0].resources.requests[memory]: ${NOT_A_QUANTITY.replace('%', text)}`;
  return [said + (meant && `; did you mean ${meant}?`)];
};

const MISTAKES: [string, string, string[]][] = [
  [
    'no space after the dash',
    pod('    -name: web\n     image: x\n'),
    [
      'error 7:12 Nested mappings are not allowed in compact mappings: a "-" that begins an item of a list needs a space after it',
    ],
  ],
  [
    'no space after the colon',
    'apiVersion:v1\nkind:Pod\nmetadata:\n  name:web\n',
    ['error 1:1 Implicit keys need to be on a single line: a ":" between a field and its value needs a space after it'],
  ],
  ['a tab', `${HEAD}spec:\n\tcontainers: []\n`, ['error 6:1 Tabs are not allowed as indentation: use spaces']],
  ['a chart that is not rendered', 'metadata:\n  name: {{ .Release.Name }}-web\n', [`error 2:9 ${TEMPLATE}`]],
  ['a chart that begins with a condition', '{{- if .Values.on }}\nkind: Pod\n{{- end }}\n', [`error 1:1 ${TEMPLATE}`]],
  [
    'a template that YAML can read, but as something else',
    pod('    - name: web\n      image: {{ .Values.image }}\n'),
    [`error 8:14 ${TEMPLATE}`],
  ],
  [
    'something else wrong beside the template of a program',
    'data:\n  rule: "{{ $value }}"\nkind: [\n',
    ['error 4:1 Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ],
  [
    'a field of a container too far left',
    pod('    - name: web\n      image: "x:1"\n  image: y\n'),
    [
      'warning 9:3 spec.image: unknown field "image"; it is a field of a container: check the indentation (or did you mean "imagePullSecrets"?)',
    ],
  ],
  [
    'a command as in a shell',
    pod('    - name: web\n      image: "x:1"\n      command: sleep 5\n'),
    ['error 9:16 spec.containers[0].command: Invalid value: "sleep 5": must be a list: put it in [ ], or behind a "-"'],
  ],
  [
    'a Compose file',
    'services:\n  web: {image: x}\n',
    [
      'error 1:1 apiVersion: Required value: this looks like a Compose file; a manifest of Kubernetes is asked for',
      'error 1:1 kind: Required value: this looks like a Compose file; a manifest of Kubernetes is asked for',
    ],
  ],
  [
    'a Pod as a cluster shows it, with the token of its service account',
    `${pod('    - {name: web, image: "x:1"}\n')}  volumes:\n    - name: kube-api-access-x9z2k\n      projected: {sources: [{serviceAccountToken: {path: token}}]}\n`,
    [
      'error 10:30 spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: there is no cluster that could issue it; of a Pod that comes from a cluster, remove the volume kube-api-access-… and its mounts',
    ],
  ],
  ...(
    [
      ['64MB', '64M'],
      ['64MiB', '64Mi'],
      ['1g', '1G'],
      ['1gi', '1Gi'],
      ['10KB', '10k'],
      ['100 Mi', '100Mi'],
      ['1,000Mi', '1000Mi'],
      ['half', ''],
      ['5bananas', ''],
      ['1.2.3Gi', ''],
    ] as const
  ).map(([text, meant]): [string, string, string[]] => [`the amount ${text}`, resources(text), quantity(text, meant)]),
];

for (const [what, text, first] of MISTAKES)
  test(`${what} is told with its remedy`, () => {
    assert.deepEqual(problemsOf(parse(text)).slice(0, first.length), first);
  });

test('a template in one line hides the mistakes that follow from it', () => {
  assert.equal(parse('a: {{ .x }}-b\nc: {{ .y }}-d\n').problems.length, 1);
});

test('what is near and what stands in the wrong place are both named', () => {
  assert.equal(suggestField('PodSpec', 'restartpolicy'), '; did you mean "restartPolicy"?');
  assert.equal(suggestField('Container', 'hostNetwork'), '; it is a field of spec: check the indentation');
  assert.equal(suggestField('Container', 'x'.repeat(65)), '');
});

test('what has no effect on one machine says so', () => {
  const text = `${pod('    - {name: web, image: "x:1"}\n')}  topologySpreadConstraints: [{maxSkew: 1}]\n`;
  assert.deepEqual(problemsOf(parse(text)), [
    'warning 8:3 spec.topologySpreadConstraints: ignored: there is no scheduler, every Pod of this machine runs here',
  ]);
  const volume = 'apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\n';
  const spec = 'spec: {local: {path: /srv}, nodeAffinity: {required: {}}, persistentVolumeReclaimPolicy: Delete}\n';
  assert.deepEqual(problemsOf(parse(volume + spec)), [
    'warning 4:29 spec.nodeAffinity: ignored: the directory is on this machine',
    'warning 4:59 spec.persistentVolumeReclaimPolicy: ignored: what a claim left is never deleted',
  ]);
});
