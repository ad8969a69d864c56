import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as model from '@kubernetes/client-node';
import { TYPES } from '../../../src/kubelet/manifest/fields.ts';

interface Attribute {
  baseName: string;
  type: string;
  format: string;
}

function attributesOf(type: string): Attribute[] | undefined {
  const generated: unknown = (model as unknown as Record<string, unknown>)[`V1${type}`];
  return (generated as { getAttributeTypeMap?: () => Attribute[] } | undefined)?.getAttributeTypeMap?.();
}

/** Our notation for a type of the generated model; a quantity is a string there. */
function notation({ type, format }: Attribute): string[] {
  const list = /^Array<(.*)>$/.exec(type);
  if (list) return notation({ baseName: '', type: list[1] ?? '', format }).map((one) => `${one}[]`);
  if (type.startsWith('{')) return ['string{}', 'quantity{}'];
  if (type === 'string') return ['string', 'quantity'];
  if (type === 'boolean') return ['bool'];
  if (type === 'number') return [format];
  if (type === 'IntOrString') return ['intOrString'];
  return [type.replace(/^V1/, '')];
}

for (const [type, table] of Object.entries(TYPES)) {
  test(`the table of ${type} has exactly the fields of the generated model`, () => {
    const attributes = attributesOf(type);
    assert.ok(attributes, `no model of ${type}`);
    assert.deepEqual(Object.keys(table).sort(), attributes.map((attribute) => attribute.baseName).sort());
    for (const attribute of attributes) {
      const declared = table[attribute.baseName]?.type.replace('?', '') ?? '';
      if (declared === 'any') continue;
      assert.ok(
        notation(attribute).includes(declared),
        `${type}.${attribute.baseName}: ${declared}, model ${attribute.type}`,
      );
    }
  });
}

test('every type named by a table has a table', () => {
  const simple = new Set(['string', 'int32', 'int64', 'bool', 'quantity', 'intOrString', 'any']);
  for (const [type, table] of Object.entries(TYPES)) {
    for (const [name, field] of Object.entries(table)) {
      const base = field.type.replace(/(\[\]|\{\}|\?)$/, '');
      assert.ok(simple.has(base) || base in TYPES, `${type}.${name}: ${field.type}`);
    }
  }
});

test('what is refused for good says why, and what is read as anything has no effect', () => {
  for (const [type, table] of Object.entries(TYPES)) {
    for (const [name, field] of Object.entries(table)) {
      if (field.support === 'never') assert.ok(field.note, `${type}.${name}`);
      if (field.type === 'any') assert.ok(['dropped', 'ignored', 'never'].includes(field.support), `${type}.${name}`);
    }
  }
});
