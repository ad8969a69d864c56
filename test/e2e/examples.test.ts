/** Manifests of the kinds that people bring along, as they write them, and what the runtime makes of each. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { Pod } from '../../src/kubelet/types.ts';
import { running, statusOf, waitFor } from './agent.ts';
import { skip } from './containerd.ts';
import { useAgent, waiting } from './with-agent.ts';

/** The name of each file is that of the Pod in it. */
const MANIFESTS: Record<string, string> = {
  // JSON with comments and commas at the end, and a sidecar that the main container waits for.
  kyaml: `---
{
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "kyaml", # in quotes
    labels: {app: "kyaml",},
  },
  spec: {
    terminationGracePeriodSeconds: 0,
    initContainers: [{
      name: "config",
      image: "localhost/busybox:1",
      restartPolicy: "Always",
      command: ["sh", "-c", 'sleep 1; echo greeting=hello > /config/app.conf; sleep 100000'],
      startupProbe: {exec: {command: ["test", "-f", "/config/app.conf"]}, periodSeconds: 1},
      volumeMounts: [{name: "config", mountPath: "/config"}],
    }],
    containers: [{
      name: "main",
      image: "localhost/busybox:1",
      command: ["sh", "-c", "cp /config/app.conf /tmp/seen; exec sleep 100000"],
      volumeMounts: [{name: "config", mountPath: "/config", readOnly: true}, {name: "tmp", mountPath: "/tmp"}],
    }],
    volumes: [{name: "config", emptyDir: {}}, {name: "tmp", emptyDir: {medium: "Memory", sizeLimit: "1Mi"}}],
  },
}
`,
  job: `
apiVersion: batch/v1
kind: Job
metadata:
  name: job
spec:
  backoffLimit: 2
  template:
    spec:
      restartPolicy: OnFailure
      containers:
      - name: main
        image: localhost/busybox:1
        command: ["sh", "-c", "test -e /state/ran || { touch /state/ran; exit 3; }"]
        volumeMounts:
        - {name: state, mountPath: /state}
      volumes:
      - {name: state, emptyDir: {}}
`,
  db: `
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
spec:
  serviceName: db
  replicas: 1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: localhost/busybox:1
        command: ["sh", "-c", "echo kept > /data/file; exec sleep 100000"]
        volumeMounts:
        - {name: data, mountPath: /data}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Gi}}
`,
  shared: `
apiVersion: v1
kind: Pod
metadata: {name: shared}
spec:
  terminationGracePeriodSeconds: 0
  shareProcessNamespace: true
  hostIPC: true
  containers:
  - name: main
    image: localhost/busybox:1
    command: [sleep, "100000"]
  - name: neighbour
    image: localhost/busybox:1
    command: [sleep, "100001"]
`,
  names: `
apiVersion: v1
kind: Pod
metadata: {name: names}
spec:
  terminationGracePeriodSeconds: 0
  hostname: inside
  hostAliases:
  - ip: 10.1.2.3
    hostnames: [foo.remote, bar.remote]
  containers:
  - name: main
    image: localhost/busybox:1
    command: [sleep, "100000"]
`,
  rules: `
apiVersion: v1
kind: Pod
metadata: {name: rules}
spec:
  terminationGracePeriodSeconds: 0
  restartPolicy: Never
  containers:
  - name: main
    image: localhost/busybox:1
    command: ["sh", "-c", "test -e /state/ran && exit 7; touch /state/ran; exit 42"]
    restartPolicy: Never
    restartPolicyRules:
    - action: Restart
      exitCodes: {operator: In, values: [42]}
    volumeMounts:
    - {name: state, mountPath: /state}
  volumes:
  - {name: state, emptyDir: {}}
`,
};

describe('manifests that people bring along', { skip }, () => {
  const on = useAgent();
  before(() => {
    for (const [name, text] of Object.entries(MANIFESTS)) on.agent.write(`${name}.yaml`, text);
  });
  const ended = (name: string, exitCode: number) => (pods: Pod[]) => {
    const { pod, container } = statusOf(pods, name);
    return container?.state?.terminated?.exitCode === exitCode && pod;
  };

  it('runs what is written as JSON with comments, its sidecar first', async () => {
    assert.equal(
      await on.inside('kyaml', 'until cat /tmp/seen; do sleep 0.1; done 2> /dev/null; echo x > /config/y'),
      "greeting=hello\nsh: can't create /config/y: Read-only file system\n",
    );
    assert.match(await on.inside('kyaml', 'grep " /tmp " /proc/mounts'), /^tmpfs \/tmp tmpfs .*size=1024k/);
  });

  it('runs a Job until it succeeds', async () => {
    const pod = await on.agent.until('the Job to end', ended('job', 0));
    assert.equal(pod.status?.phase, 'Succeeded');
    assert.equal(pod.status?.containerStatuses?.[0]?.restartCount, 1);
  });

  it('runs the first Pod of a StatefulSet, and its claim is a directory that stays', async () => {
    await on.agent.until('db to run', running('db'));
    const file = join(on.agent.dir, 'root/volumes/default/data-db-0/file');
    assert.equal(await waitFor('the file', async () => existsSync(file) && readFileSync(file, 'utf8')), 'kept\n');
    assert.equal(await on.inside('db', 'hostname'), 'db-n1\n');
  });

  it('shares processes among the containers, and IPC with the machine', async () => {
    const seen = await on.inside('shared', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "; readlink /proc/self/ns/ipc');
    assert.match(seen, /sleep 100001/);
    assert.ok(seen.endsWith(`${readlinkSync('/proc/self/ns/ipc')}\n`), seen);
  });

  it('knows the names that it is told', async () => {
    const told = await on.inside('names', 'hostname; cat /etc/hosts');
    assert.match(told, /^inside\n/);
    assert.match(told, /^10\.1\.2\.3\tfoo\.remote\tbar\.remote$/m);
  });

  it('starts a container again for the exit code that its rule names, and for no other', async () => {
    const pod = await on.agent.until('the other exit code', ended('rules', 7));
    assert.equal(pod.status?.containerStatuses?.[0]?.restartCount, 1);
    assert.equal(pod.status?.phase, 'Failed');
  });

  it('sees mounts that the machine makes later only where they are asked for', async () => {
    const dir = join(on.machine.dir, 'shared');
    mkdirSync(join(dir, 'later'), { recursive: true });
    execFileSync('mount', ['--bind', dir, dir]);
    on.machine.cleanUps.push(async () => execFileSync('umount', ['--recursive', dir]));
    execFileSync('mount', ['--make-shared', dir]);
    const mountPath = (mountPropagation: string) =>
      `    - {name: d, mountPath: /${mountPropagation}, mountPropagation: ${mountPropagation}}`;
    on.agent.write(
      'mounts.yaml',
      `apiVersion: v1
kind: Pod
metadata: {name: mounts}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: localhost/busybox:1
    command: [sleep, "100000"]
    volumeMounts:
${['HostToContainer', 'None'].map(mountPath).join('\n')}
    - {name: d, mountPath: /locked, readOnly: true, recursiveReadOnly: IfPossible}
  volumes:
  - {name: d, hostPath: {path: ${dir}, type: Directory}}
`,
    );
    await on.agent.until('mounts to run', running('mounts'));
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(dir, 'later')]);
    writeFileSync(join(dir, 'later/news'), '');
    assert.equal(
      await on.inside('mounts', 'ls /HostToContainer/later /None/later'),
      '/HostToContainer/later:\nnews\n\n/None/later:\n',
    );
    assert.match(await on.inside('mounts', 'touch /locked/x'), /Read-only file system/);
  });

  it('says by name what this runtime cannot do for a mount or for /proc', async () => {
    const pod = (name: string, container: string, more = '') => `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  terminationGracePeriodSeconds: 0
  ${more}
  containers: [{name: main, image: "localhost/busybox:1", command: [sleep, "100000"], ${container}}]
  volumes: [{name: d, emptyDir: {}}]
`;
    const mount = 'volumeMounts: [{name: d, mountPath: /d, readOnly: true, recursiveReadOnly: Enabled}]';
    on.agent.write('recursive.yaml', pod('recursive', mount));
    const why = await on.agent.until('recursive to be refused', waiting('recursive', 'CreateContainerConfigError'));
    assert.match(why, /recursive/i);
    on.agent.write('proc.yaml', pod('proc', 'securityContext: {procMount: Unmasked}', 'hostUsers: false'));
    const refused = /can't set `spec\.hostUsers: false`[^"]*does not support user namespaces/;
    await waitFor('proc to be refused', async () => refused.test((await on.agent.get('/api/v1/events')).body));
  });
});
