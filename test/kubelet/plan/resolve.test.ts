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
