import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConfigDocument, type Documents, documentKey, NO_DOCUMENTS } from '../../../src/kubelet/documents.ts';
import { resolveDocuments } from '../../../src/kubelet/plan/resolve-documents.ts';
import type { FileResult, Snapshot } from '../../../src/kubelet/sources/source.ts';
import { document, mapOf } from '../documents.ts';

const at = (location: string, value: string, change: Partial<ConfigDocument> = {}) =>
  document('ConfigMap', 'x', { k: value }, { origin: { kind: 'file', location }, ...change });
const good = (location: string, ...documents: ConfigDocument[]): FileResult => ({
  origin: { kind: 'file', location },
  revisions: [],
  documents,
  problems: [],
});
const broken = (location: string): FileResult => ({
  ...good(location),
  problems: [{ severity: 'error', field: '', message: 'not YAML' }],
});
const files = (...all: FileResult[]): Snapshot => ({ state: 'known', files: all });
const unknown: Snapshot = { state: 'unknown', why: 'not read yet' };

function resolve(snapshot: Snapshot, remembered: Documents = NO_DOCUMENTS) {
  return resolveDocuments({ sources: [{ kind: 'file', snapshot }], remembered });
}
const lines = (...given: Parameters<typeof resolve>) =>
  [...resolve(...given).documents.values()].map(
    ({ name, data, origin }) => `${name}=${Buffer.from(data.get('k') ?? '')} ${origin.location}`,
  );

describe('resolveDocuments', () => {
  const last = mapOf(at('/a', 'old'));
  const rows: [string, string[], string[]][] = [
    ['a good file has its documents', lines(files(good('/a', at('/a', 'new'))), last), ['x=new /a']],
    [
      'the first file by path wins a name',
      lines(files(good('/a', at('/a', '1')), good('/b', at('/b', '2')))),
      ['x=1 /a'],
    ],
    ['a broken file keeps what it last brought', lines(files(broken('/a')), last), ['x=old /a']],
    [
      'a broken file keeps its name before a later good one',
      lines(files(broken('/a'), good('/b', at('/b', '2'))), last),
      ['x=old /a'],
    ],
    ['a broken file keeps nothing of other files', lines(files(broken('/b')), last), []],
    ['a deleted file takes its documents along', lines(files(), last), []],
    ['an unread source keeps what it last brought', lines(unknown, last), ['x=old /a']],
    ['a document that moved to another file stays', lines(files(good('/b', at('/b', 'new'))), last), ['x=new /b']],
    [
      'an immutable document keeps its content',
      lines(files(good('/a', at('/a', 'new'))), mapOf(at('/a', 'old', { immutable: true }))),
      ['x=old /a'],
    ],
    [
      'a document may become immutable',
      lines(files(good('/a', at('/a', 'new', { immutable: true }))), last),
      ['x=new /a'],
    ],
  ];
  for (const [name, actual, expected] of rows) it(name, () => assert.deepEqual(actual, expected));

  it('reports a name that is taken, unless the content is the same', () => {
    const { problems } = resolve(
      files(good('/a', at('/a', '1')), good('/b', at('/b', '1')), good('/c', at('/c', '2'))),
    );
    assert.deepEqual(
      problems.map(({ origin, problem }) => [origin.location, problem.message]),
      [['/c', 'duplicate ConfigMap "x" in namespace "default": /a comes first and is used, this one is ignored']],
    );
  });

  it('reports other content of an immutable document each time, and takes it once it was gone', () => {
    const fixed = mapOf(at('/a', 'old', { immutable: true }));
    const edited = files(good('/a', at('/a', 'new', { immutable: true })));
    const first = resolve(edited, fixed);
    const second = resolve(edited, first.documents);
    for (const { problems } of [first, second])
      assert.match(problems[0]?.problem.message ?? '', /^Forbidden: field is immutable/);
    assert.equal(second.documents, first.documents);
    assert.deepEqual(lines(edited, resolve(files(), fixed).documents), ['x=new /a']);
  });

  it('gives the same map as long as nothing changed, and another when anything did', () => {
    const same = (snapshot: Snapshot, remembered: Documents) => resolve(snapshot, remembered).documents === remembered;
    const now = mapOf(at('/a', '1'));
    assert.ok(same(files(good('/a', at('/a', '1'))), now));
    assert.ok(!same(files(good('/a', at('/a', '1', { immutable: true }))), now));
    assert.ok(!same(files(good('/b', at('/b', '1'))), now));
    assert.ok(!same(files(good('/a', at('/a', '1'), document('Secret', 'x'))), now));
    assert.ok(!same(files(), now));
  });

  it('keeps documents of one name apart by kind and namespace', () => {
    const all = [document('ConfigMap', 'x'), document('Secret', 'x'), document('Secret', 'x', {}, { namespace: 'n' })];
    const { documents, problems } = resolve(files(good('/a', ...all)));
    assert.deepEqual(
      [...documents.keys()],
      [
        documentKey('ConfigMap', 'default', 'x'),
        documentKey('Secret', 'default', 'x'),
        documentKey('Secret', 'n', 'x'),
      ],
    );
    assert.deepEqual(problems, []);
  });
});
