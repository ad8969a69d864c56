/** Manifests as people have them for a cluster or for podman: each either runs here or is refused by name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, problemsOf } from './read.ts';

const NGINX = `
      - name: nginx
        image: nginx:1.27
        ports:
        - containerPort: 80`;

interface Example {
  text: string;
  /** Names of Pods, then of documents. */
  gives: string[];
  /** Beginnings of the problems. */
  says?: string[];
}

const EXAMPLES: Record<string, Example> = {
  'a Deployment with its Service': {
    text: `
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 1
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:${NGINX}
`,
    gives: ['web-n'],
    says: ['warning 3:1 kind: Service is ignored'],
  },
  'a Deployment of three': {
    text: `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:${NGINX}
`,
    gives: [],
    says: ['error 6:13 spec.replicas: Invalid value: 3: must be 0 or 1'],
  },
  'a Pod that is configured by a ConfigMap and a Secret': {
    text: `
apiVersion: v1
kind: ConfigMap
metadata: {name: redis-config}
data:
  redis.conf: |
    maxmemory 2mb
    maxmemory-policy allkeys-lru
---
apiVersion: v1
kind: Secret
metadata: {name: redis-auth}
type: kubernetes.io/basic-auth
stringData: {username: default, password: t0p}
---
apiVersion: v1
kind: Pod
metadata:
  name: redis
spec:
  containers:
  - name: redis
    image: redis:8
    command: [redis-server, /redis-master/redis.conf]
    env:
    - name: AUTH
      valueFrom:
        secretKeyRef: {name: redis-auth, key: password}
    volumeMounts:
    - {mountPath: /redis-master-data, name: data}
    - {mountPath: /redis-master, name: config}
  volumes:
  - name: data
    emptyDir: {}
  - name: config
    configMap:
      name: redis-config
      items: [{key: redis.conf, path: redis.conf}]
`,
    gives: ['redis-n', 'ConfigMap redis-config', 'Secret redis-auth'],
  },
  'a Pod on a persistent volume': {
    text: `
apiVersion: v1
kind: PersistentVolume
metadata: {name: task-pv, labels: {type: local}}
spec:
  storageClassName: manual
  capacity: {storage: 10Gi}
  accessModes: [ReadWriteOnce]
  hostPath: {path: /mnt/data}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: task-claim}
spec:
  storageClassName: manual
  volumeName: task-pv
  accessModes: [ReadWriteOnce]
---
apiVersion: v1
kind: Pod
metadata: {name: task}
spec:
  volumes:
  - {name: storage, persistentVolumeClaim: {claimName: task-claim}}
  containers:
  - {name: task, image: nginx, volumeMounts: [{mountPath: /usr/share/nginx/html, name: storage}]}
`,
    gives: ['task-n', 'PersistentVolume task-pv', 'PersistentVolumeClaim task-claim'],
  },
  'a Job': {
    text: `
apiVersion: batch/v1
kind: Job
metadata: {name: pi}
spec:
  backoffLimit: 4
  template:
    spec:
      containers:
      - {name: pi, image: "perl:5.34.0", command: [perl, "-Mbignum=bpi", -wle, "print bpi(2000)"]}
      restartPolicy: Never
`,
    gives: ['pi-n'],
    says: ["warning 6:3 spec.backoffLimit: ignored: the template's restartPolicy decides"],
  },
  'a CronJob': {
    text: 'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: hello}\nspec: {schedule: "* * * * *"}\n',
    gives: [],
    says: ['error 2:1 kind: Invalid value: "CronJob": not supported by this version'],
  },
  'a StatefulSet with a claim for its data': {
    text: `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 10
      containers:
      - {name: db, image: postgres, volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data, subPath: pg}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Gi}}
`,
    gives: ['db-n', 'PersistentVolumeClaim data-db-0'],
    says: ['warning 18:7 spec.volumeClaimTemplates[0].spec.resources: ignored'],
  },
  'what podman writes of a container': {
    text: `
# Save the output of this file and use kubectl create -f to import it
apiVersion: v1
kind: Pod
metadata:
  annotations:
    bind-mount-options: /srv/www:Z
  creationTimestamp: "2025-02-03T04:05:06Z"
  labels:
    app: site-pod
  name: site-pod
spec:
  containers:
  - args: [nginx, -g, daemon off;]
    image: docker.io/library/nginx:latest
    name: site
    ports:
    - {containerPort: 80, hostPort: 8080}
    securityContext: {}
    tty: true
    volumeMounts:
    - {mountPath: /usr/share/nginx/html, name: srv-www-host-0}
    - {mountPath: /cache, name: cache-pvc}
  restartPolicy: Never
  volumes:
  - hostPath: {path: /srv/www, type: Directory}
    name: srv-www-host-0
  - name: cache-pvc
    persistentVolumeClaim: {claimName: cache}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: cache}
spec: {accessModes: [ReadWriteOnce]}
`,
    gives: ['site-pod-n', 'PersistentVolumeClaim cache'],
    says: ['warning 8:3 metadata.creationTimestamp: ignored: a manifest cannot set it'],
  },
  'what only a cluster can do': {
    text: `
apiVersion: v1
kind: Pod
metadata: {name: cloud}
spec:
  containers:
  - {name: m, image: x, volumeMounts: [{name: disk, mountPath: /d}, {name: token, mountPath: /t}]}
  volumes:
  - {name: disk, csi: {driver: ebs.csi.aws.com}}
  - {name: token, projected: {sources: [{serviceAccountToken: {path: token}}]}}
`,
    gives: [],
    says: [
      'error 9:18 spec.volumes[0].csi: Forbidden: this kind of volume needs a plugin',
      'error 10:42 spec.volumes[1].projected.sources[0].serviceAccountToken: Forbidden: there is no cluster',
    ],
  },
};

for (const [what, { text, gives, says = [] }] of Object.entries(EXAMPLES))
  test(`${what} ${gives.length > 0 ? 'runs' : 'is refused by name'}`, () => {
    const result = parse(text, undefined, 'n');
    const problems = problemsOf(result);
    assert.equal(problems.length, says.length, problems.join('\n'));
    for (const [index, begin] of says.entries()) assert.ok(problems[index]?.startsWith(begin), problems[index]);
    const pods = result.revisions.map((revision) => revision.pod.metadata.name);
    assert.deepEqual([...pods, ...(result.documents ?? []).map(({ kind, name }) => `${kind} ${name}`)], gives);
  });
