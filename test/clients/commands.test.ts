/** The rest of kubectl's commands, one row each: what real kubectls of each version print and end with. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KubectlVersion } from '../../hack/kubectl.ts';
import { serve, type TestEndpoint } from '../http/endpoint.ts';
import { containerStatus, podView, published, running, sampleMachine, samplePods } from '../http/fixture.ts';
import { sampleUsage, sampleVolumes } from '../http/usage.ts';
import { type Kubectl, prepare, VERSIONS } from './kubectl.ts';

interface Row {
  readonly argv: string;
  readonly status: number;
  readonly stdout: string | RegExp;
  readonly stderr: RegExp;
  /** Only these versions have it. */
  readonly since?: KubectlVersion;
}

const ANY = /[\s\S]*/;
const NOTHING = /^$/;

/** It prints and ends well. */
function prints(argv: string, stdout: string | RegExp, since?: KubectlVersion, stderr = NOTHING): Row {
  return { argv, status: 0, stdout, stderr, ...(since && { since }) };
}

/** It ends badly, with the reason on standard error. */
function refused(argv: string, stderr: RegExp, since?: KubectlVersion, stdout: string | RegExp = ANY): Row {
  return { argv, status: 1, stdout, stderr, ...(since && { since }) };
}

const readOnly = (rest: string) => new RegExp(`this node endpoint is read-only: ${rest}\n`);
const OF_WEB = readOnly('change the manifest /etc/pods/web\\.yaml');
const OF_ANY = readOnly('change the manifest in /etc/pods');
const OF_NODE = readOnly('a node cannot be changed, and the manifests in /etc/pods decide what it runs');
const STREAM = (name: string) => readOnly(`${name} is not served; use crictl on the machine`);

const GETS: readonly Row[] = [
  prints('get pods web-node-1 job-node-1 -o name', 'pod/web-node-1\npod/job-node-1\n'),
  prints('get pods,ns -o name', /^pod\/boot-node-1\n(?:pod\/.*\n)+namespace\/default\nnamespace\/kube-system\n$/),
  prints('get pods,nodes', /^NAME +READY[\s\S]*\npod\/web-node-1 [\s\S]*\n\nNAME +STATUS[\s\S]*\nnode\/node-1 +Ready/),
  prints('get pods --show-labels -l app=web', /LABELS\nweb-node-1 .* app=web,tier=front\n$/),
  prints('get pods -L app --no-headers -l app=web', /^web-node-1 +2\/2 .* 90m +web\n$/),
  prints('get pods --sort-by=.status.startTime -o name', /^pod\/job-node-1\n[\s\S]*pod\/boot-node-1\n$/),
  prints('get pods -o jsonpath={.items[*].metadata.name}', 'boot-node-1 debugged-node-1 job-node-1 web-node-1'),
  prints(
    'get pods -o go-template={{range.items}}{{.metadata.name}},{{end}}',
    'boot-node-1,debugged-node-1,job-node-1,web-node-1,',
  ),
  prints('get pods -o custom-columns=N:.metadata.name --no-headers -l app=web', 'web-node-1\n'),
  prints(
    'get pods -o wide -l app=web',
    /IP +NODE +NOMINATED NODE +READINESS GATES\nweb-node-1 .* 10\.88\.0\.5 +node-1 /,
  ),
  prints('get pods -o json -l app=web', /^\{\n {4}"apiVersion": "v1",\n {4}"items": \[/),
  prints('get pods --chunk-size=1 -A --no-headers', /^(?:\S+ +\S+-node-1 .*\n){5}$/),
  prints('get pods -l app=', '', undefined, /^No resources found in default namespace\.\n$/),
  prints('get pods --field-selector=status.phase!=Running -A -o name', 'pod/boot-node-1\npod/job-node-1\n'),
  prints('get pod nope --ignore-not-found', ''),
  prints('get pods --server-print=false', /^NAME +AGE\nboot-node-1 /),
  prints('get svc', '', undefined, /^No resources found in default namespace\.\n$/),
  prints('get pod web-node-1 --subresource=status', /^NAME +READY.*\nweb-node-1 +2\/2 +Running/, '1.32'),
  prints('get events --field-selector=type=Warning', /^LAST SEEN.*\n\S+ +Warning +ManifestWarning .*\n$/),
  prints('get events --sort-by=.lastTimestamp -o name', /^(?:event\/\S+\n){2}$/),
  prints('get node node-1 -o jsonpath={.status.conditions[*].type}', 'MemoryPressure DiskPressure PIDPressure Ready'),
  prints('get --raw /api/v1/nodes/node-1/proxy/healthz', 'ok'),
  prints('get --raw /api/v1/nodes/node-1/proxy/stats/summary', /"nodeName":"node-1"/),
  prints('get --raw /api/v1/nodes/node-1/proxy/metrics/cadvisor', /^container_network_receive_packets_total\{/m),
  refused('get --raw /api/v1/nodes/other/proxy/healthz', /nodes "other" not found/),
  refused('get pods -l app=(', /BadRequest\).*unable to parse requirement: found '\('/),
  refused('get pods --field-selector=spec.foo=1', /BadRequest\).*field label not supported: spec\.foo/),
  refused('get deployments', /the server doesn't have a resource type "deployments"/),
  refused('get componentstatuses', /the server doesn't have a resource type "componentstatuses"/),
];

const DESCRIBES: readonly Row[] = [
  prints('describe pods -l app=web', /^Name: +web-node-1\n/),
  prints('describe pod we', /^Name: +web-node-1\n/),
  prints('describe ns default', /^Name: +default\n[\s\S]*Status: +Active\n/),
  prints(
    'describe node',
    /\n {2}PIDPressure +True .* KubeletHasInsufficientPID .*pid\.available is below 5%\n {2}Ready /,
  ),
  prints('describe node', /\n {2}ephemeral-storage: +32Gi\n/),
  prints(
    'describe node',
    /\nLease:\n +HolderIdentity: +node-1\n +AcquireTime: +<unset>\n +RenewTime: +Fri, 20 Nov 2026 /,
  ),
  prints('describe svc', '', undefined, /^No resources found in default namespace\.\n$/),
  refused('describe deployment x', /the server doesn't have a resource type "deployment"/),
  prints('explain pod', /\nDESCRIPTION:\n +Containers that are started and stopped together/),
  prints(
    'explain pod.spec.containers',
    /<\[\](?:Object|Container)>[\s\S]*\n +image\s+<string>\n +Name of the image, with a tag or a\n? +digest/,
  ),
  prints(
    'explain pods.spec.containers.livenessProbe.periodSeconds',
    /Seconds from one question to the next\. Absent: 10\./,
  ),
  prints('explain pod.spec.affinity', /On this node: ignored: there is no/),
  prints('explain pod.status.containerStatuses.state', /waiting\s+<(?:Object|ContainerStateWaiting)>/),
  prints('explain pod --recursive', /\n +failureThreshold\s+<integer>/),
  prints('explain node.status.conditions', /lastHeartbeatTime/),
  prints('explain event', /Something that happened to a Pod or to the machine/),
  refused('explain pod.spec.nothing', /field "nothing" does not exist|couldn't find resource/),
];

const ASKS: readonly Row[] = [
  prints('top pod web-node-1', /^NAME +CPU\(cores\) +MEMORY\(bytes\) *\nweb-node-1 +500m +128Mi *\n$/),
  prints('top pod --sort-by=cpu --no-headers', /^web-node-1 +500m +128Mi *\nboot-node-1 +250m +64Mi *\n$/),
  prints('top pod --sum --no-headers', /750m +192Mi *\n$/, '1.32'),
  prints('top node node-1', /\nnode-1 +700m +35% +1024Mi +25% *\n$/),
  refused('top pod nope', /NotFound\): pods\.metrics\.k8s\.io "default\/nope" not found/),
  prints('wait --for=condition=Ready pods -l app=web --timeout=10s', 'pod/web-node-1 condition met\n'),
  prints('wait --for=delete pod/nope --timeout=10s', '', '1.32'),
  prints('wait --for=create pod/web-node-1 --timeout=10s', 'pod/web-node-1 condition met\n', '1.32'),
  prints('wait --for=condition=DiskPressure=false node/node-1 --timeout=10s', 'node/node-1 condition met\n'),
  prints(
    'events --for=pod/web-node-1',
    /\n\S+ \(x2 over \S+\) +Normal +Started +Pod\/web-node-1 +Started container main\n$/,
    '1.32',
  ),
  prints('events --types=Warning -A', /\ndefault +\S+ +Warning +ManifestWarning +Node\/node-1 /, '1.32'),
  prints('api-resources --namespaced=false -o name', 'namespaces\nnodes\nnodes.metrics.k8s.io\n'),
  prints('api-resources --verbs=delete', /^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND *\n$/),
  prints('version -o json', /"serverVersion": \{[\s\S]*"gitVersion": "v1\.32\.0\+rower/, undefined, ANY),
  prints('auth can-i get pods -q', ''),
  prints('auth can-i get nodes --subresource=proxy', 'yes\n', undefined, ANY),
  prints('auth whoami -o jsonpath={.status.userInfo.username}', 'system:anonymous', '1.32'),
  prints(
    'cluster-info dump --namespaces=default',
    /"kind": "NodeList"[\s\S]*"DeploymentList"[\s\S]*"kind": "PodList"[\s\S]*START logs for container main of pod default\/web-node-1 =/,
  ),
  refused('auth can-i create pods --subresource=exec', ANY, undefined, /^no/),
];

const WRITES: readonly Row[] = [
  refused('attach web-node-1 -c main', STREAM('attach')),
  refused('exec web-node-1 -c main -i -t -- sh', STREAM('exec')),
  refused('port-forward web-node-1 8080:80', STREAM('portforward')),
  refused('cp web-node-1:/etc/hosts hosts -c main', STREAM('exec')),
  refused('cp /etc/hostname web-node-1:/tmp/x -c main', STREAM('exec')),
  refused('annotate pod web-node-1 a=b', OF_WEB),
  refused('patch pod web-node-1 -p {"spec":{}}', OF_WEB),
  refused('set image pod/web-node-1 main=x', OF_WEB),
  refused('delete pods --all', readOnly('change the manifest /etc/pods/\\w+\\.yaml')),
  refused('expose pod web-node-1 --port=80', OF_ANY),
  refused('create namespace x', OF_ANY),
  refused('delete ns default', OF_ANY),
  refused(
    'debug debugged-node-1 --image=x --profile=general',
    readOnly('change the manifest /etc/pods/debugged\\.yaml'),
    '1.32',
  ),
  refused('debug node/node-1 --image=x', OF_ANY),
  refused('taint node node-1 a=b:NoSchedule', OF_NODE),
  refused('label node node-1 a=b', OF_NODE),
  // kubectl itself ends well here.
  { argv: 'cordon node-1', status: 0, stdout: ANY, stderr: OF_NODE },
  refused('rollout status deployment/x', /the server doesn't have a resource type "deployment"/),
];

/** As the defaults of a manifest make it: kubectl debug relies on it. */
const debugged = podView('debugged', {
  spec: { securityContext: {} },
  status: running([containerStatus('main')], '10.88.0.7'),
});

for (const version of VERSIONS) {
  describe(`kubectl ${version}`, () => {
    let endpoint: TestEndpoint;
    let client: Kubectl;
    before(async () => {
      const options = {
        stats: { read: async () => sampleUsage() },
        volumes: { read: async () => sampleVolumes(), claims: sampleVolumes },
        machine: sampleMachine,
      };
      [endpoint, client] = await Promise.all([
        serve(published([...samplePods(), debugged]), options),
        prepare(version),
      ]);
    });
    after(async () => {
      await endpoint.close();
      await client.dispose();
    });

    for (const { argv, status, stdout, stderr, since } of [...GETS, ...DESCRIBES, ...ASKS, ...WRITES]) {
      if (since !== undefined && version < since) continue;
      test(`${version}: kubectl ${argv}`, async (t) => {
        if (client.missing) return t.skip(client.missing);
        const outcome = await client.run(['-s', endpoint.url, ...argv.split(' ')]);
        assert.equal(outcome.status, status, outcome.stderr + outcome.stdout);
        if (typeof stdout === 'string') assert.equal(outcome.stdout, stdout);
        else assert.match(outcome.stdout, stdout);
        assert.match(outcome.stderr, stderr);
      });
    }

    test(`${version}: kubectl get pods --watch-only --output-watch-events tells what comes and goes`, async (t) => {
      if (client.missing) return t.skip(client.missing);
      const own = await serve(published([podView('a')]));
      try {
        const argv = ['-s', own.url, 'get', 'pods', '--watch-only', '--output-watch-events', '--no-headers'];
        let step = 0;
        const outcome = client.run(argv, (text) => {
          if (step === 0 && text.includes('b-node-1')) {
            step = 1;
            own.publish(published([podView('b')]));
          } else if (step === 1 && text.includes('DELETED')) {
            step = 2;
            void own.close();
          }
        });
        while (!own.observed.some(({ pattern }) => pattern.endsWith('/:resource')))
          await new Promise((resolve) => setImmediate(resolve));
        // The watch begins after the list: what happens in between is told as well.
        own.publish(published([podView('a'), podView('b')]));
        const { status, stdout } = await outcome;
        assert.equal(status, 0);
        assert.match(stdout, /^ADDED +b-node-1 .*\nDELETED +a-node-1 .*\n$/);
      } finally {
        await own.close();
      }
    });
  });
}
