import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compileProtos, descriptorFile } from '../../hack/protos.ts';
import descriptor from '../../protos/descriptor.json' with { type: 'json' };
import { enums, messages, methods } from './wire-numbers.ts';

interface Field {
  id: number;
  type: string;
  rule?: string;
  keyType?: string;
}

interface Namespace {
  nested?: Record<string, Namespace>;
  fields?: Record<string, Field>;
  values?: Record<string, number>;
  methods?: Record<string, { requestType: string; responseType: string; responseStream?: boolean }>;
}

/** Every name below `root`, with its package. */
function flatten(root: Namespace, path = ''): Map<string, Namespace> {
  const found = new Map<string, Namespace>();
  for (const [name, child] of Object.entries(root.nested ?? {})) {
    const full = path === '' ? name : `${path}.${name}`;
    found.set(full, child);
    for (const [below, grandchild] of flatten(child, full)) found.set(below, grandchild);
  }
  return found;
}

function fieldText(name: string, { id, type, rule, keyType }: Field): string {
  const whole = keyType ? `map<${keyType}, ${type}>` : rule === 'repeated' ? `${type}[]` : type;
  return `${id} ${name}: ${whole}`;
}

const camelCase = (line: string) => line.replace(/_([A-Za-z])/g, (_, letter: string) => letter.toUpperCase());
const declared = flatten(descriptor as unknown as Namespace);
const own = [...declared].filter(([name]) => !name.startsWith('google.'));

test('descriptor.json is what the .proto files compile to', () => {
  assert.equal(readFileSync(descriptorFile, 'utf8'), compileProtos(), 'run: node hack/protos.ts');
});

test('every message has the fields of the public contract and no others', () => {
  const actual = own.flatMap(([name, { fields }]) =>
    fields ? [[name, Object.entries(fields).map(([field, spec]) => fieldText(field, spec))] as const] : [],
  );
  for (const [name, fields] of actual) {
    const known = messages[name]?.split('; ').map(camelCase);
    assert.ok(known, `${name} is not in the table`);
    for (const field of fields)
      assert.ok(known.includes(field), `${name} has "${field}"; the contract says ${known.join('; ')}`);
  }
  assert.deepEqual(new Set(actual.map(([name]) => name)), new Set(Object.keys(messages)));
});

test('every enum has the values of the public contract', () => {
  const actual = own.flatMap(([name, { values }]) =>
    values
      ? [
          [
            name,
            Object.entries(values)
              .map(([value, number]) => `${value}=${number}`)
              .join(' '),
          ] as const,
        ]
      : [],
  );
  assert.deepEqual(Object.fromEntries(actual), enums);
});

test('every method has the types of the public contract', () => {
  const actual = own.flatMap(([service, { methods }]) =>
    Object.entries(methods ?? {}).map(
      ([name, { requestType, responseType, responseStream }]) =>
        `${service}/${name} ${requestType} ${responseStream ? 'stream ' : ''}${responseType}`,
    ),
  );
  assert.deepEqual(actual.sort(), [...methods].sort());
});
