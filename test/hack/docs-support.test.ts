import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as model from '@kubernetes/client-node';
import { supportDoc, supportRows } from '../../hack/docs-support.ts';
import { KUBELET, PODMAN } from '../../hack/support-others.ts';
import { TYPES } from '../../src/kubelet/manifest/fields.ts';

interface Attribute {
  baseName: string;
  type: string;
}

function attributesOf(type: string): Attribute[] {
  const generated: unknown = (model as unknown as Record<string, unknown>)[type];
  return (generated as { getAttributeTypeMap?: () => Attribute[] } | undefined)?.getAttributeTypeMap?.() ?? [];
}

/** The generated type a field holds, without `Array<…>`; empty when it is not one of the model. */
function held(type: string): string {
  const bare = type.replace(/^Array<(.*)>$/, '$1');
  return bare.startsWith('V1') ? bare : '';
}

/** `V1Container.image` and so on, of every type that a Pod of the generated model can hold. */
function fieldsOfModel(): Set<string> {
  const fields = new Set<string>();
  const todo = ['V1Pod'];
  for (let type = todo.shift(); type !== undefined; type = todo.shift()) {
    for (const attribute of attributesOf(type)) {
      const name = `${type}.${attribute.baseName}`;
      if (fields.has(name)) continue;
      fields.add(name);
      todo.push(held(attribute.type));
    }
  }
  return fields;
}

/** Types of which we look at nothing: the field that holds them says all, and is `any` in our tables. */
function judgedAsAWhole(rows: ReturnType<typeof supportRows>): Set<string> {
  const whole = new Set<string>();
  const todo = rows
    .filter(({ type, field }) => TYPES[type]?.[field]?.type === 'any')
    .map(({ type, field }) => held(attributesOf(`V1${type}`).find((one) => one.baseName === field)?.type ?? ''));
  for (let type = todo.shift(); type !== undefined; type = todo.shift()) {
    if (whole.has(type)) continue;
    whole.add(type);
    todo.push(...attributesOf(type).map((attribute) => held(attribute.type)));
  }
  return whole;
}

test('every field of the generated model of a Pod has a row, or is part of one that is judged as a whole', () => {
  const rows = supportRows();
  const documented = new Set(rows.map(({ type, field }) => `V1${type}.${field}`));
  const whole = judgedAsAWhole(rows);
  const missing = [...fieldsOfModel()].filter((name) => !documented.has(name) && !whole.has(name.split('.')[0] ?? ''));
  assert.deepEqual(missing, []);
  assert.ok(documented.size > 250 && documented.has('V1SecretKeySelector.optional'));
});

test('a row stands at a path that a Pod really has', () => {
  const paths = supportRows().map((row) => row.path);
  for (const path of [
    'spec.containers[].env[].valueFrom.secretKeyRef.key',
    'spec.volumes[].configMap.items[].mode',
    'metadata.labels',
  ])
    assert.ok(paths.includes(path), path);
  assert.equal(new Set(paths).size, paths.length);
});

test('what is part of something refused is refused, too', () => {
  const rows = supportRows();
  const token = rows.filter((row) => row.path.includes('serviceAccountToken.'));
  assert.ok(token.length > 0);
  for (const row of token) assert.match(row.rower, /^refused/);
});

test('the tables of others name real fields', () => {
  const known = new Set(supportRows().map(({ type, field }) => `${type}.${field}`));
  for (const name of [...Object.keys(KUBELET), ...Object.keys(PODMAN)]) assert.ok(known.has(name), name);
});

test('a table row has as many cells as its head', () => {
  const lines = supportDoc().split('\n');
  for (const [index, line] of lines.entries()) {
    if (!/^\|(-+\|)+$/.test(line)) continue;
    const width = line.split('|').length;
    for (let at = index + 1; lines[at]?.startsWith('|'); at += 1)
      assert.equal(lines[at]?.replaceAll('\\|', '').split('|').length, width, lines[at]);
  }
});
