/** Strategic merge patches: real kubectl makes of each what Rower makes of it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { isRecord, type Json } from '../../src/metadata/ingest/record.ts';
import { applyStrategicMerge } from '../../src/metadata/ingest/strategic-merge.ts';
import { Refusal } from '../../src/metadata/ingest/types.ts';
import { MERGES, POD } from '../metadata/merges.ts';
import { type Kubectl, prepare, VERSIONS } from './kubectl.ts';

/** Programs are slow to start. */
const RANDOM_PATCHES = 40;

/** kubectl prints the fields it knows in its own order, and some that are empty. */
function plain(value: unknown): unknown {
  // In what is new kubectl leaves directives where they are.
  if (Array.isArray(value)) return value.filter((item) => !(isRecord(item) && '$patch' in item)).map(plain);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value)
    .map(([key, item]): [string, unknown] => [key, plain(item)])
    .filter(([, item]) => item !== null && JSON.stringify(item) !== '{}' && JSON.stringify(item) !== '[]');
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

for (const version of VERSIONS) {
  describe(`kubectl ${version}`, () => {
    let client: Kubectl;
    let file: string;
    before(async () => {
      client = await prepare(version);
      file = await client.file('pod.json', JSON.stringify(POD));
    });
    after(() => client.dispose());

    /** Undefined: it refuses the patch. */
    async function byKubectl(patch: Json): Promise<unknown> {
      const argv = ['patch', '--local', '-f', file, '--type', 'strategic', '-p', JSON.stringify(patch), '-o', 'json'];
      const { status, stdout } = await client.run(argv);
      return status === 0 ? plain(JSON.parse(stdout)) : undefined;
    }

    for (const { name, patch } of MERGES) {
      test(`${version}: ${name}`, async (t) => {
        if (client.missing) return t.skip(client.missing);
        assert.deepEqual(await byKubectl(patch), plain(applyStrategicMerge(POD, patch, 'Pod')));
      });
    }

    test(`${version}: patches that were drawn`, async (t) => {
      if (client.missing) return t.skip(client.missing);
      await fc.assert(
        fc.asyncProperty(patches, async (patch) => {
          const theirs = await byKubectl(patch);
          let ours: unknown;
          try {
            ours = plain(applyStrategicMerge(POD, patch, 'Pod'));
          } catch (error) {
            assert.ok(error instanceof Refusal);
          }
          assert.deepEqual(ours, theirs, JSON.stringify(patch));
        }),
        { numRuns: RANDOM_PATCHES },
      );
    });
  });
}

const name = fc.constantFrom('main', 'side', 'new', 'other');
const value = fc.constantFrom('1', '2');
const deleted = { $patch: fc.constant('delete') };
const keyed = (key: string, keys: fc.Arbitrary<unknown>, fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc
    .uniqueArray(
      fc.oneof(
        { weight: 4, arbitrary: fc.record({ [key]: keys, ...fields }, { requiredKeys: [key] }) },
        { weight: 1, arbitrary: fc.record({ [key]: keys, ...deleted }) },
      ),
      { selector: (item) => (item as Json)[key], maxLength: 4 },
    )
    .chain((items) =>
      // Of deletions in a list that is replaced kubectl makes items.
      fc
        .boolean()
        .map((replace) =>
          replace && !items.some((one) => '$patch' in one) ? [{ $patch: 'replace' }, ...items] : items,
        ),
    );
const container = {
  image: value,
  args: fc.array(value, { maxLength: 2 }),
  env: keyed('name', fc.constantFrom('A', 'B', 'C', 'D'), { value: fc.option(value) }),
  ports: keyed('containerPort', fc.constantFrom(80, 443, 8080), { name: fc.constantFrom('p', 'q') }),
  volumeMounts: keyed('mountPath', fc.constantFrom('/data', '/etc/app', '/n'), { name: value }),
};
const patches: fc.Arbitrary<Json> = fc.record(
  {
    metadata: fc.record(
      {
        labels: fc.dictionary(fc.constantFrom('app', 'tier', 'x'), fc.option(value), { maxKeys: 3 }),
        finalizers: fc.uniqueArray(fc.constantFrom('a/x', 'b/y', 'c/z'), { maxLength: 3 }),
      },
      { requiredKeys: [] },
    ),
    spec: fc.record(
      {
        containers: keyed('name', name, container),
        volumes: keyed('name', fc.constantFrom('data', 'etc', 'v'), { configMap: fc.record({ name: value }) }),
        hostAliases: keyed('ip', fc.constantFrom('10.0.0.1', '10.0.0.2'), {
          hostnames: fc.array(value, { maxLength: 2 }),
        }),
        tolerations: fc.array(fc.record({ key: value }), { maxLength: 2 }),
        nodeSelector: fc.oneof(
          fc.constant(null),
          fc.dictionary(fc.constantFrom('disk', 'y'), fc.option(value), { maxKeys: 2 }),
        ),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
