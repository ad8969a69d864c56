import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeContainer, decodeSandbox } from '../../src/kubelet/labels.ts';
import { parse } from '../kubelet/manifest/read.ts';
import { once, type Target, texts, words } from './target.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');

export const manifests: Target = {
  name: 'manifests',
  corpus: once(() =>
    ['manifests/*', 'manifests/bad/*'].flatMap((pattern) =>
      globSync(pattern, { cwd: FIXTURES, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name))),
    ),
  ),
  words: words(
    ...[
      '- ',
      ': ',
      '\n',
      '\n  ',
      '---\n',
      '&a ',
      '*a',
      '<<: *a',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '|',
      '>-',
      '#',
      '!!int ',
    ],
    ...['0644', '~', 'null', '1e400', '-1', '99999999999999999999', 'yes', '__proto__: ', 'constructor: ', '\ufeff'],
    ...['kind: ', 'List', 'Deployment', 'Secret', 'stringData: ', 'items: ', 'containers: ', 'env: ', '$(A)', '../'],
    ...['livenessProbe: ', 'exec: ', 'resources: ', 'limits: ', '1Gi', 'emptyDir: {}', 'hostPath: ', 'subPath: '],
  ),
  run(bytes) {
    const { revisions, problems } = parse(bytes);
    if (problems.some(({ severity }) => severity === 'error')) assert.deepEqual(revisions, []);
    for (const { message, line } of problems) {
      assert.ok(message.length < 10_000, 'a message repeats the input');
      assert.ok(line === undefined || line >= 1);
    }
    for (const { uid, pod } of revisions) {
      for (const name of [
        uid,
        pod.metadata.name,
        pod.metadata.namespace,
        ...pod.spec.containers.map((each) => each.name),
      ])
        assert.match(name, /^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$/, 'a name could lead out of its directory');
      for (const { name } of pod.spec.volumes ?? []) assert.doesNotMatch(name, /\/|^\.\.?$/);
    }
  },
};

const POD = '{"metadata":{"name":"a","namespace":"b","uid":"u"},"spec":{"containers":[{"name":"m"}]}}';
const ROW = { id: 'x', createdAtMs: 0, labels: {} } as const;

/** The annotation that a runtime gives back, whatever another program made of it. */
export const labels: Target = {
  name: 'labels',
  corpus: () => texts(POD, 'H4sIAAAAAAAAA6tWSs7PS8tMV7KqVirJSFWyUkpUqq0FAFyZcuEXAAAA'),
  words: words('{', '}', '[', 'null', '"spec":', '"containers":', '0', '=='),
  run(bytes) {
    const text = bytes.toString();
    const annotations = { 'rower.dev/pod': text, 'rower.dev/start-time-ms': text, 'rower.dev/back-off-ms': text };
    const metadata = { name: 'n', namespace: 's', uid: 'u', attempt: 0 };
    const { revision } = decodeSandbox({ ...ROW, metadata, state: 'ready', annotations });
    if (revision) assert.ok(Array.isArray(revision.pod.spec.containers));
    const container = { ...ROW, sandboxId: 's', metadata, state: 'running', image: '', imageRef: '' } as const;
    assert.ok(decodeContainer({ ...container, annotations }).backOffMs >= 0);
  },
};
