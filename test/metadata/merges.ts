/** Strategic merge patches of one Pod, and what they change in it. */
import type { Json } from '../../src/metadata/ingest/record.ts';

// biome-ignore lint/suspicious/noExplicitAny: it is taken apart freely.
type Any = any;

export const POD: Json = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', labels: { app: 'web', tier: 'front' }, finalizers: ['a/x', 'b/y'] },
  spec: {
    containers: [
      {
        name: 'main',
        image: 'app:1',
        args: ['one', 'two'],
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
        ports: [{ containerPort: 80, name: 'http' }, { containerPort: 443 }],
        volumeMounts: [
          { name: 'data', mountPath: '/data' },
          { name: 'etc', mountPath: '/etc/app' },
        ],
      },
      { name: 'side', image: 'side:1' },
    ],
    volumes: [
      { name: 'data', emptyDir: { medium: 'Memory' } },
      { name: 'etc', configMap: { name: 'app', items: [{ key: 'a', path: 'a' }] } },
    ],
    hostAliases: [{ ip: '10.0.0.1', hostnames: ['a', 'b'] }],
    tolerations: [{ key: 'x', operator: 'Exists' }],
    imagePullSecrets: [{ name: 'one' }],
    nodeSelector: { disk: 'ssd' },
  },
};

export interface Merge {
  name: string;
  patch: Json;
  /** Makes of a copy of the Pod what is expected. */
  change(pod: Any): void;
}

const spec = (value: Json): Json => ({ spec: value });
const main = (value: Json): Json => spec({ containers: [{ name: 'main', ...value }] });

export const MERGES: readonly Merge[] = [
  { name: 'an empty patch changes nothing', patch: {}, change: () => {} },
  {
    name: 'mappings are merged, and null removes',
    patch: { metadata: { labels: { app: null, new: 'x' } } },
    change: (pod) => {
      pod.metadata.labels = { tier: 'front', new: 'x' };
    },
  },
  {
    name: 'a container is found by its name',
    patch: main({ image: 'app:2' }),
    change: (pod) => {
      pod.spec.containers[0].image = 'app:2';
    },
  },
  {
    name: 'a new container comes first, as with kubectl',
    patch: spec({ containers: [{ name: 'new', image: 'n' }] }),
    change: (pod) => pod.spec.containers.unshift({ name: 'new', image: 'n' }),
  },
  {
    name: 'the order of the patch is that of what it names',
    patch: spec({
      containers: [
        { name: 'side', image: 's' },
        { name: 'new', image: 'n' },
        { name: 'main', image: 'm' },
      ],
    }),
    change: (pod) => {
      const [first, second] = pod.spec.containers;
      pod.spec.containers = [
        { ...second, image: 's' },
        { name: 'new', image: 'n' },
        { ...first, image: 'm' },
      ];
    },
  },
  {
    name: 'variables are merged by name',
    patch: main({
      env: [
        { name: 'B', value: '3' },
        { name: 'C', value: '4' },
      ],
    }),
    change: (pod) => {
      pod.spec.containers[0].env = [
        { name: 'A', value: '1' },
        { name: 'B', value: '3' },
        { name: 'C', value: '4' },
      ];
    },
  },
  {
    name: 'ports are merged by containerPort',
    patch: main({ ports: [{ containerPort: 443, hostPort: 8443 }] }),
    change: (pod) => {
      pod.spec.containers[0].ports[1].hostPort = 8443;
    },
  },
  {
    name: 'mounts are merged by mountPath',
    patch: main({ volumeMounts: [{ mountPath: '/data', name: 'data', readOnly: true }] }),
    change: (pod) => {
      pod.spec.containers[0].volumeMounts[0].readOnly = true;
    },
  },
  {
    name: 'other lists are replaced',
    patch: spec({ tolerations: [{ key: 'y', operator: 'Exists' }], containers: [{ name: 'main', args: ['three'] }] }),
    change: (pod) => {
      pod.spec.tolerations = [{ key: 'y', operator: 'Exists' }];
      pod.spec.containers[0].args = ['three'];
    },
  },
  {
    name: 'an item is deleted',
    patch: spec({ containers: [{ name: 'side', $patch: 'delete' }] }),
    change: (pod) => pod.spec.containers.pop(),
  },
  {
    name: 'an item that is not there is deleted',
    patch: spec({ volumes: [{ name: 'none', $patch: 'delete' }] }),
    change: () => {},
  },
  {
    name: 'a list is replaced',
    patch: spec({ imagePullSecrets: [{ $patch: 'replace' }, { name: 'two' }] }),
    change: (pod) => {
      pod.spec.imagePullSecrets = [{ name: 'two' }];
    },
  },
  {
    name: 'a mapping is replaced',
    patch: spec({ nodeSelector: { $patch: 'replace', zone: 'a' } }),
    change: (pod) => {
      pod.spec.nodeSelector = { zone: 'a' };
    },
  },
  {
    name: 'an item of a list is replaced by its keys',
    patch: spec({ volumes: [{ name: 'data', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/srv' } }] }),
    change: (pod) => {
      pod.spec.volumes[0] = { name: 'data', hostPath: { path: '/srv' } };
    },
  },
  {
    name: 'lists in volumes are replaced',
    patch: spec({ volumes: [{ name: 'etc', configMap: { items: [{ key: 'b', path: 'b' }] } }] }),
    change: (pod) => {
      pod.spec.volumes[1].configMap.items = [{ key: 'b', path: 'b' }];
    },
  },
  {
    name: 'host aliases are merged by ip, their names are not',
    patch: spec({
      hostAliases: [
        { ip: '10.0.0.1', hostnames: ['c'] },
        { ip: '10.0.0.2', hostnames: ['d'] },
      ],
    }),
    change: (pod) => {
      pod.spec.hostAliases = [
        { ip: '10.0.0.1', hostnames: ['c'] },
        { ip: '10.0.0.2', hostnames: ['d'] },
      ];
    },
  },
  {
    name: 'plain values are added once',
    patch: { metadata: { finalizers: ['b/y', 'c/z'] } },
    change: (pod) => pod.metadata.finalizers.push('c/z'),
  },
  {
    name: 'plain values are deleted',
    patch: { metadata: { '$deleteFromPrimitiveList/finalizers': ['a/x'] } },
    change: (pod) => {
      pod.metadata.finalizers = ['b/y'];
    },
  },
  {
    name: 'what is new has no nulls',
    patch: main({ resources: { limits: { cpu: '1', memory: null } } }),
    change: (pod) => {
      pod.spec.containers[0].resources = { limits: { cpu: '1' } };
    },
  },
];
