import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explanationText } from '../../src/cli/explain-print.ts';
import { findPod } from '../../src/cli/find-pod.ts';
import { spellOut } from '../../src/cli/short-flags.ts';
import type { ContainerExplanation, Explanation, PodExplanation } from '../../src/http/explain.ts';

const AT = '2026-01-01T12:00:00.000Z';
const NO_LOG = { problem: 'none' };
const container = (change: Partial<ContainerExplanation>): ContainerExplanation => ({
  name: 'main',
  kind: 'container',
  state: 'running',
  since: '2026-01-01T11:59:57Z',
  ready: true,
  restarts: 0,
  log: NO_LOG,
  previousLog: NO_LOG,
  ...change,
});
const pod = (change: Partial<PodExplanation> = {}): PodExplanation => ({
  namespace: 'default',
  name: 'web-n1',
  uid: 'u1',
  source: { kind: 'file', location: '/etc/pods/web.yaml' },
  phase: 'Running',
  containers: [container({})],
  doing: [],
  waits: [],
  next: { what: [] },
  ...change,
});
const explanation = (change: Partial<Explanation> = {}): Explanation => ({
  at: AT,
  node: 'n1',
  runtime: { name: 'containerd', version: '1', ready: true, networkReady: true, message: '' },
  sourcesKnown: true,
  problems: [],
  pods: [pod()],
  ...change,
});

describe('an explanation', () => {
  it('of a Pod that is well is short', () => {
    assert.equal(
      explanationText(explanation()),
      [
        'default/web-n1  Running',
        '  from       /etc/pods/web.yaml',
        '  container  main  running since 3s, ready',
        '  next       nothing: all is as it should be',
        '',
      ].join('\n'),
    );
  });

  it('tells what is done, what waits until when and why, and what comes next', () => {
    const busy = pod({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'too long',
      held: 'its file is broken',
      containers: [
        container({
          name: 'init-long',
          kind: 'init',
          state: 'terminated',
          since: '2026-01-01T08:53:00Z',
          exitCode: 0,
          reason: 'Completed',
        }),
        container({ name: 'side', kind: 'sidecar', ready: false, restarts: 1, since: '2025-12-29T07:00:00Z' }),
        container({ state: 'waiting', reason: 'CrashLoopBackOff', restarts: 4 }),
      ],
      doing: [{ what: 'pull image a', since: '2026-01-01T11:55:48Z' }],
      waits: [
        { container: 'main', reason: 'CrashLoopBackOff', message: 'back-off 10s', until: '2026-01-01T12:00:07.000Z' },
        { reason: 'Terminating' },
      ],
      next: { at: '2026-01-01T12:00:07.000Z', what: ['create container main', 'start container main'] },
    });
    assert.equal(
      explanationText(explanation({ pods: [busy] })),
      [
        'default/web-n1  Failed, DeadlineExceeded: too long',
        '  from       /etc/pods/web.yaml',
        '  held       its file is broken',
        '  init       init-long  ended since 3h7m with 0 (Completed)',
        '  sidecar    side       running since 3d5h, not ready, 1 restart',
        '  container  main       not running: CrashLoopBackOff, 4 restarts',
        '  doing      pull image a, for 4m12s',
        '  waits      main: CrashLoopBackOff: back-off 10s, until 12:00:07Z (in 7s)',
        '  waits      Terminating',
        '  next       create container main, at 12:00:07Z',
        '             start container main',
        '',
      ].join('\n'),
    );
  });

  it('begins with what is wrong with the runtime and the manifests', () => {
    const text = explanationText(
      explanation({
        pods: [],
        runtime: { name: '', version: '', ready: false, networkReady: false, message: 'it is away' },
        sourcesKnown: false,
        problems: [
          {
            source: { kind: 'file', location: 'a.yaml' },
            severity: 'error',
            field: 'spec.containers',
            message: 'Required value',
            line: 3,
          },
          { source: { kind: 'http', location: 'http://x/' }, severity: 'warning', field: '', message: 'odd' },
        ],
      }),
    );
    assert.equal(
      text,
      [
        'runtime: it is away',
        'manifests: not every source has been read: nothing unknown is stopped',
        'error: a.yaml:3: spec.containers: Required value',
        'warning: http://x/: odd',
        '',
        'No Pods.',
        '',
      ].join('\n'),
    );
  });
});

describe('a Pod', () => {
  const all = explanation({
    pods: [pod(), pod({ name: 'web', namespace: 'x' }), pod({ name: 'a-n1' }), pod({ name: 'a' })],
  });
  it('is found by its full name first, and then without the name of the node', () => {
    assert.equal(findPod(all, 'default', 'web')?.name, 'web-n1');
    assert.equal(findPod(all, 'default', 'pod/web-n1')?.name, 'web-n1');
    assert.equal(findPod(all, 'default', 'a')?.name, 'a');
    assert.equal(findPod(all, 'x', 'web')?.namespace, 'x');
    assert.equal(findPod(all, 'default', 'nope'), undefined);
  });
});

describe('a short flag', () => {
  const long = { n: 'namespace', f: 'follow' };
  for (const [given, out] of [
    ['-n', '--namespace'],
    ['-nx', '--namespace=x'],
    ['-n=x', '--namespace=x'],
    ['-f', '--follow'],
    ['-q', '-q'],
    ['--name', '--name'],
    ['pod', 'pod'],
  ] as const)
    it(`${given} is ${out}`, () => assert.equal(spellOut(given, long), out));
});
