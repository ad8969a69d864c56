import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ResolveInput, resolveSlots } from '../../../src/kubelet/plan/resolve.ts';
import type { FileResult, Snapshot } from '../../../src/kubelet/sources/source.ts';
import { podKey, type Revision } from '../../../src/kubelet/types.ts';
import { revision } from '../build.ts';

function pod(name: string, uid: string, file: string): Revision {
  return { ...revision({}, uid, file), key: podKey('default', name) };
}
const good = (location: string, ...revisions: Revision[]): FileResult => ({
  origin: { kind: 'file', location },
  revisions,
  problems: [],
});
const broken = (location: string): FileResult => ({
  origin: { kind: 'file', location },
  revisions: [],
  problems: [{ severity: 'error', field: '', message: 'not YAML' }],
});
const files = (...all: FileResult[]): Snapshot => ({ state: 'known', files: all });
const unknown: Snapshot = { state: 'unknown', why: 'not read yet' };

function lines(snapshot: Snapshot, remembered: Revision[] = [], observed: string[] = []): string[] {
  const input: ResolveInput = {
    sources: [{ kind: 'file', snapshot }],
    remembered: new Map(remembered.map((each) => [each.key, each])),
    observed: observed.map((name) => podKey('default', name)),
  };
  return [...resolveSlots(input).slots.values()].map((slot) =>
    slot.state === 'want'
      ? `want ${slot.key} ${slot.revision.uid}${slot.held ? ' held' : ''}`
      : `${slot.state} ${slot.key}`,
  );
}

describe('resolveSlots', () => {
  const rows: [string, string[], string[]][] = [
    ['a good file is wanted', lines(files(good('/a', pod('x', 'u1', '/a')))), ['want default/x u1']],
    [
      'the first file by path wins a name',
      lines(files(good('/a', pod('x', 'u1', '/a')), good('/b', pod('x', 'u2', '/b')))),
      ['want default/x u1'],
    ],
    [
      'a broken file keeps what it last brought',
      lines(files(broken('/a')), [pod('x', 'u1', '/a')]),
      ['want default/x u1 held'],
    ],
    ['a broken file that brought nothing wants nothing', lines(files(broken('/a')), []), []],
    [
      'a broken file claims its name before a later good one',
      lines(files(broken('/a'), good('/b', pod('x', 'u2', '/b'))), [pod('x', 'u1', '/a')]),
      ['want default/x u1 held'],
    ],
    ['a deleted file drops its Pod', lines(files(), [pod('x', 'u1', '/a')], ['x']), ['drop default/x']],
    ['an unread source drops nothing', lines(unknown, [pod('x', 'u1', '/a')], ['x']), ['want default/x u1 held']],
    ['an unread source and an unknown revision: hands off', lines(unknown, [], ['x']), ['hold default/x']],
    ['everything read and an unknown revision: it goes', lines(files(), [], ['x']), ['drop default/x']],
    [
      'a Pod that moved to another file stays',
      lines(files(good('/b', pod('x', 'u2', '/b'))), [pod('x', 'u1', '/a')], ['x']),
      ['want default/x u2'],
    ],
  ];
  for (const [name, actual, expected] of rows) it(name, () => assert.deepEqual(actual, expected));

  describe('with an owner who forbids u2 and u3', () => {
    const violation = (pod: Revision['pod']) => (['u2', 'u3'].includes(pod.metadata.uid) ? 'no' : undefined);
    const resolved = (wanted: Revision, before?: Revision) =>
      resolveSlots({
        sources: [{ kind: 'file', snapshot: files(good('/a', wanted)) }],
        remembered: new Map(before && [[before.key, before]]),
        observed: [],
        violation,
      });
    const uid = ({ slots }: ReturnType<typeof resolved>) =>
      [...slots.values()].map((slot) =>
        slot.state === 'want' ? `${slot.revision.uid} ${slot.held ?? ''}` : slot.state,
      );

    it('a forbidden edit leaves the Pod as it was, and is reported', () => {
      const found = resolved(pod('x', 'u2', '/a'), pod('x', 'u1', '/a'));
      assert.deepEqual(uid(found), [
        'u1 /a asks for what is not allowed on this machine; its last good version runs on',
      ]);
      assert.deepEqual(found.problems, [
        {
          origin: { kind: 'file', location: '/a' },
          problem: { severity: 'error', field: '', message: 'Pod default/x: no' },
        },
      ]);
    });
    it('a forbidden Pod that is new, moved or was forbidden before is wanted, and refused later', () => {
      assert.deepEqual(uid(resolved(pod('x', 'u2', '/a'))), ['u2 ']);
      assert.deepEqual(uid(resolved(pod('x', 'u2', '/a'), pod('x', 'u1', '/b'))), ['u2 ']);
      assert.deepEqual(uid(resolved(pod('x', 'u2', '/a'), pod('x', 'u3', '/a'))), ['u2 ']);
      assert.deepEqual(uid(resolved(pod('x', 'u2', '/a'), pod('x', 'u2', '/a'))), ['u2 ']);
    });
  });

  describe('with a sandbox that this version cannot read', () => {
    const key = podKey('default', 'x');
    const resolved = (snapshot: Snapshot) =>
      resolveSlots({
        sources: [{ kind: 'file', snapshot }],
        remembered: new Map(),
        observed: [key],
        unreadable: new Set([key]),
      });

    it('it is left alone and told, whether everything was read or not', () => {
      for (const snapshot of [files(), files(broken('/a')), unknown]) {
        const { slots, problems } = resolved(snapshot);
        assert.equal(slots.get(key)?.state, 'hold');
        assert.match(problems.at(-1)?.problem.message ?? '', /^Pod default\/x runs, no manifest names it/);
      }
    });
    it('a manifest decides what becomes of it', () => {
      const { slots, problems } = resolved(files(good('/a', pod('x', 'u1', '/a'))));
      assert.deepEqual([slots.get(key)?.state, problems], ['want', []]);
    });
  });

  it('reports a name that is taken, at the file that came later', () => {
    const { problems } = resolveSlots({
      sources: [{ kind: 'file', snapshot: files(good('/a', pod('x', 'u1', '/a')), good('/b', pod('x', 'u2', '/b'))) }],
      remembered: new Map(),
      observed: [],
    });
    assert.equal(problems.length, 1);
    assert.equal(problems[0]?.origin.location, '/b');
    assert.match(problems[0]?.problem.message ?? '', /\/a comes first/);
  });
});
