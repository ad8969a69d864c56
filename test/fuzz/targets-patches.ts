import { applyJsonPatch } from '../../src/metadata/ingest/json-patch.ts';
import type { Json } from '../../src/metadata/ingest/record.ts';
import { applyStrategicMerge } from '../../src/metadata/ingest/strategic-merge.ts';
import { Refusal } from '../../src/metadata/ingest/types.ts';
import { type Target, texts, throwsOnly, words } from './target.ts';

const document = () => ({
  kind: 'Pod',
  metadata: { name: 'a', labels: { x: 'y' } },
  spec: { containers: [{ name: 'm', image: 'x', args: ['1'], env: [{ name: 'A', value: '1' }] }] },
});

/** What user-data changes of the manifests that a machine's image brings. */
export const patches: Target = {
  name: 'patches',
  corpus: () =>
    texts(
      '[{"op":"add","path":"/spec/containers/0/args/-","value":"2"},{"op":"copy","from":"/spec","path":"/status"},{"op":"move","from":"/metadata/labels","path":"/metadata/l"},{"op":"test","path":"/kind","value":"Pod"}]',
      '{"spec":{"containers":[{"name":"m","env":[{"name":"A","$patch":"delete"}]},{"name":"n","image":"z"}],"$retainKeys":["containers"]}}',
      '{"metadata":{"labels":null},"spec":{"$patch":"replace","containers":[]}}',
    ),
  words: words(
    ...[
      '"op":',
      '"path":',
      '"from":',
      '/__proto__',
      '/constructor/prototype',
      '/-',
      '/01',
      '~0',
      '~1',
      '~2',
      'null',
      '[',
      '{',
    ],
    ...['"$patch":', '"$setElementOrder/containers":', '"$deleteFromPrimitiveList/args":', '"$retainKeys":', '"name":'],
  ),
  run(bytes) {
    let patch: unknown;
    try {
      patch = JSON.parse(bytes.toString());
    } catch {
      return;
    }
    if (Array.isArray(patch)) throwsOnly(() => applyJsonPatch(document(), patch), Refusal);
    else if (typeof patch === 'object' && patch !== null)
      throwsOnly(() => applyStrategicMerge(document(), patch as Json, 'Pod'), Refusal);
    if (Object.keys(Object.prototype).length > 0 || 'x' in {}) throw new Error('Object.prototype was changed');
  },
};
