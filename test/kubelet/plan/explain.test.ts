import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainAction } from '../../../src/kubelet/plan/explain.ts';
import { planPod } from '../../../src/kubelet/plan/pod.ts';
import type { Action } from '../../../src/kubelet/plan/types.ts';
import { container, exited, input, instance, KEY, observed, revision, sandbox } from '../build.ts';

const WEB = revision();
const [main = container()] = WEB.pod.spec.containers;

describe('an action, in words,', () => {
  const rows: [action: Action, text: string][] = [
    [
      { kind: 'pull-image', revision: WEB, containerName: 'main', attempt: 0, image: 'busybox:1' },
      'pull image busybox:1 for container main',
    ],
    [{ kind: 'remove-sandbox', sandboxId: '0123456789abcdef' }, 'remove sandbox 0123456789ab'],
    [{ kind: 'stop-sandbox', sandboxId: 'short' }, 'take down sandbox short and its network'],
    [
      { kind: 'remove-container', containerId: 'x', containerName: 'main', attempt: 3, uid: 'u1' },
      'remove the ended container main, attempt 3, with its log',
    ],
    [
      { kind: 'stop-container', containerId: 'x', containerName: 'main', uid: 'u1', graceSeconds: 30, message: '' },
      'stop container main within 30 s, then kill it',
    ],
    [{ kind: 'release-pod', uid: 'u1' }, 'remove its directories, volumes and logs'],
    [
      {
        kind: 'run-hook',
        hook: 'preStop',
        containerId: 'x',
        containerName: 'main',
        uid: 'u1',
        pod: WEB.pod,
        container: main,
        handler: {},
        podIp: undefined,
        timeoutMs: 29_600,
        message: '',
      },
      'run the preStop hook of container main, at most 30 s',
    ],
  ];
  for (const [action, text] of rows) it(`is: ${text}`, () => assert.equal(explainAction(action), text));

  it('tells a first start from a restart', () => {
    const texts = (given: Parameters<typeof input>[0]) => planPod(input(given)).actions.map(explainAction);
    assert.deepEqual(texts({}), [
      'prepare its directories and volumes',
      'make its sandbox and network',
      'look whether image busybox:1 is here',
      'create container main',
      'start container main',
    ]);
    const again = observed([sandbox(WEB, { state: 'notready' })], [exited(WEB, 60_000)]);
    assert.deepEqual(texts({ slot: { state: 'want', key: KEY, revision: WEB }, observed: again }).slice(1), [
      'prepare its directories and volumes',
      'make a new sandbox and network, attempt 1',
      'look whether image busybox:1 is here',
      'create container main, restart 1',
      'start container main',
    ]);
    assert.deepEqual(texts({ observed: observed([sandbox(WEB)], [instance(WEB)]) }), []);
  });
});
