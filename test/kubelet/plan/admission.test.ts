import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { admit } from '../../../src/kubelet/plan/admission.ts';
import { podKey, type Revision } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';

type Port = { hostPort?: number; hostIP?: string; protocol?: string };

function pod(name: string, ...ports: Port[]): Revision {
  const made = revision(
    { containers: [container({ ports: ports.map((port) => ({ containerPort: 80, protocol: 'TCP', ...port })) })] },
    name,
  );
  return { ...made, key: podKey('default', name) };
}

const place = (stands: boolean) => (stands ? ('stands' as const) : ('new' as const));

const verdicts = (wanted: [Revision, boolean?][], leaving: Revision[] = [], maxPods = 110) => {
  const candidates = wanted.map(([revision, stands = false]) => ({ revision, place: place(stands) }));
  return [...admit({ wanted: candidates, leaving, maxPods, room: new Map() })]
    .sort()
    .map(([key, { verdict }]) => `${key} ${verdict}`);
};

describe('admission', () => {
  const conflicts: [string, Port, Port, boolean][] = [
    ['the same port', { hostPort: 80 }, { hostPort: 80 }, true],
    ['another port', { hostPort: 80 }, { hostPort: 81 }, false],
    ['another protocol', { hostPort: 80 }, { hostPort: 80, protocol: 'UDP' }, false],
    ['other addresses', { hostPort: 80, hostIP: '127.0.0.1' }, { hostPort: 80, hostIP: '10.0.0.1' }, false],
    ['any address and one of them', { hostPort: 80, hostIP: '0.0.0.0' }, { hostPort: 80, hostIP: '10.0.0.1' }, true],
    ['no host port', {}, {}, false],
  ];
  for (const [name, a, b, conflict] of conflicts) {
    it(`${name}: ${conflict ? 'the later file loses' : 'both run'}`, () => {
      assert.deepEqual(verdicts([[pod('a', a)], [pod('b', b)]]), [
        'default/a admit',
        `default/b ${conflict ? 'reject' : 'admit'}`,
      ]);
    });
  }
  it('whoever runs already keeps its port', () => {
    assert.deepEqual(verdicts([[pod('a', { hostPort: 80 })], [pod('b', { hostPort: 80 }), true]]), [
      'default/a reject',
      'default/b admit',
    ]);
  });
  it('a port of a Pod on its way out is waited for', () => {
    assert.deepEqual(verdicts([[pod('a', { hostPort: 80 })]], [pod('old', { hostPort: 80 })]), ['default/a wait']);
  });
  it('a Pod never waits for its own former revision here', () => {
    assert.deepEqual(verdicts([[pod('a', { hostPort: 80 })]], [pod('a', { hostPort: 80 })]), ['default/a admit']);
  });
  it('there are only so many Pods', () => {
    assert.deepEqual(verdicts([[pod('a')], [pod('b')]], [], 1), ['default/a admit', 'default/b reject']);
  });
  it('uses the kubelet’s words', () => {
    const verdict = admit({
      wanted: [pod('a', { hostPort: 80 }), pod('b', { hostPort: 80 })].map((revision) => ({
        revision,
        place: 'new' as const,
      })),
      leaving: [],
      maxPods: 110,
      room: new Map(),
    }).get(podKey('default', 'b'));
    assert.deepEqual(verdict, {
      verdict: 'reject',
      reason: 'NodePorts',
      message:
        "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    });
  });
});
