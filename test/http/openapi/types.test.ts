import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elementOf, objectTypes } from '../../../src/http/openapi/types.ts';
import { TYPES } from '../../../src/kubelet/manifest/fields.ts';

const types = objectTypes();
const byName = new Map(types.map((type) => [type.name, type]));
const field = (type: string, name: string) => byName.get(type)?.fields.find((one) => one.name === name);

test('every type and field has its sentence', () => {
  for (const { name, description, fields } of types) {
    assert.match(description, /^[A-Z].*\.$/, name);
    for (const one of fields) assert.match(one.description, /^\S.*[.:]$/, `${name}.${one.name}`);
    // A sentence for a field that is none would stand here with a type that nobody knows.
    for (const one of fields) assert.ok(one.type, `${name}.${one.name}`);
  }
});

test('every field of the manifest’s tables is there', () => {
  for (const { name, fields } of types) {
    const table = TYPES[name];
    if (table) assert.deepEqual(fields.map((one) => one.name).sort(), Object.keys(table).sort(), name);
  }
});

test('what is required is a field, and so is what a type refers to', () => {
  const primitive = /^(?:string|bool|int32|int64|quantity|intOrString|time|any)$/;
  for (const { name, fields, required } of types) {
    for (const one of required) assert.ok(field(name, one), `${name}.${one}`);
    for (const one of fields) {
      const element = elementOf(one.type);
      assert.ok(primitive.test(element) || byName.has(element), `${name}.${one.name}: ${one.type}`);
    }
  }
});

test('what this agent makes of a field is told with it', () => {
  assert.match(field('PodSpec', 'affinity')?.description ?? '', / On this node: ignored: there is no scheduler/);
  assert.match(field('Volume', 'csi')?.description ?? '', / On this node: refused, this kind of volume needs a plugin/);
  assert.match(field('Probe', 'periodSeconds')?.description ?? '', / Absent: 10\.$/);
  assert.equal(field('Pod', 'status')?.type, 'PodStatus');
});
