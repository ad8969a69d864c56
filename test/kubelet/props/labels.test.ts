/** What is written on sandboxes and containers is read back as it was. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Container } from '../../../src/cri/port.ts';
import {
  containerAnnotations,
  containerLabels,
  decodeContainer,
  decodeSandbox,
  OWNER,
  sandboxAnnotations,
  sandboxLabels,
} from '../../../src/kubelet/labels.ts';
import { podKey, type Revision } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';

const RECORD = { restartCount: 0, backOffMs: 0, epoch: 0, hash: '' };
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const words = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), text, { maxKeys: 4, noNullPrototype: true });
const whole = fc.integer({ min: 0, max: 2 ** 40 });

/** Some are larger than what is stored as it is. */
const revisions: fc.Arbitrary<Revision> = fc
  .record({
    name: fc.stringMatching(/^[a-z]{1,20}$/),
    uid: fc.stringMatching(/^[0-9a-f]{32}$/),
    labels: words,
    annotations: words,
    value: text,
    repeat: fc.constantFrom(1, 1000),
    kind: fc.constantFrom('file' as const, 'http' as const),
    location: text,
  })
  .map(({ name, uid, labels, annotations, value, repeat, kind, location }) => {
    const env = [{ name: 'X', value: value.repeat(repeat) }];
    const made = revision({ containers: [container({ env })] }, uid);
    const pod = { ...made.pod, metadata: { name, namespace: 'default', uid, labels, annotations } };
    return { key: podKey('default', name), uid, pod, origin: { kind, location } };
  });

const row = {
  id: 's',
  metadata: { name: '', namespace: '', uid: '', attempt: 0 },
  state: 'ready',
  createdAtMs: 0,
} as const;

it('a sandbox gives back the revision it was made for, and when the Pod began', () => {
  fc.assert(
    fc.property(revisions, whole, (of, startTimeMs) => {
      const labels = sandboxLabels(of.pod, '/root');
      const annotations = sandboxAnnotations(of, startTimeMs);
      assert.deepEqual(decodeSandbox({ ...row, labels, annotations }), { revision: of, startTimeMs });
      assert.equal(labels[OWNER], '/root');
    }),
    { numRuns: 100 },
  );
});

it('a container gives back its count, its back-off and its round', () => {
  const records = fc.record({
    restartCount: fc.nat(),
    backOffMs: whole,
    hash: fc.stringMatching(/^[0-9a-f]{1,16}$/),
    epoch: fc.nat(),
  });
  fc.assert(
    fc.property(revisions, records, fc.nat(), (of, record, attempt) => {
      const [spec] = of.pod.spec.containers;
      assert.ok(spec);
      const labels = containerLabels(of.pod, spec.name, '/root');
      const annotations = containerAnnotations(of.pod, spec, record);
      const decoded = decodeContainer({
        id: 'c',
        sandboxId: 's',
        metadata: { name: spec.name, attempt },
        state: 'running',
        createdAtMs: 0,
        image: '',
        imageRef: '',
        labels,
        annotations,
      });
      const { restartCount, backOffMs, hash, epoch, gracePeriodSeconds } = decoded;
      assert.deepEqual({ restartCount, backOffMs, hash, epoch }, { ...record });
      assert.equal(gracePeriodSeconds, of.pod.spec.terminationGracePeriodSeconds);
    }),
    { numRuns: 100 },
  );
});

it('whatever else is written there, reading it does not throw', () => {
  const anything = fc.dictionary(
    fc.constantFrom(...Object.keys(sandboxAnnotations(revision(), 0)), 'other'),
    fc.oneof(text, fc.json(), fc.base64String()),
  );
  fc.assert(
    fc.property(anything, (annotations) => {
      const { revision: read } = decodeSandbox({ ...row, labels: {}, annotations });
      if (read) assert.ok(Array.isArray(read.pod.spec.containers));
    }),
    { numRuns: 500 },
  );
});

it('a container gives back the resources it was made with, and nothing of what is none', () => {
  const made = (resources: object) => ({
    annotations: containerAnnotations(revision().pod, { ...container(), resources }, RECORD),
  });
  const decoded = (annotations: Record<string, string>) =>
    decodeContainer({ ...({ metadata: { name: 'main', attempt: 0 } } as Container), annotations }).resources;
  const resources = { requests: { cpu: '100m' }, limits: { memory: '1Gi' } };
  assert.deepEqual(decoded(made(resources).annotations), resources);
  assert.equal(decoded(made({}).annotations), undefined);
  for (const text of ['', '{', 'null', '{"requests":{"cpu":1}}', '{"limits":[]}', '[]'])
    assert.equal(Object.keys(decoded({ 'rower.dev/resources': text }) ?? {}).length, 0);
});
