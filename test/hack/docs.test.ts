import assert from 'node:assert/strict';
import { test } from 'node:test';
import { staleDocs } from '../../hack/docs.ts';
import { configurationDoc } from '../../hack/docs-configuration.ts';
import { OTHER_FIELDS } from '../../src/config/other-fields.ts';
import { SETTING_ROWS } from '../../src/config/settings.ts';

test('the generated documents say what the code says; npm run docs makes it so', () => {
  assert.deepEqual(staleDocs(), []);
});

test('a project without the documents has only stale ones', () => {
  assert.ok(staleDocs('/nowhere').includes('docs/configuration.md'));
});

test('the configuration document names every field and flag', () => {
  const text = configurationDoc();
  for (const [, { field, flag }] of SETTING_ROWS) {
    if (field) assert.ok(text.includes(`\`${field}\``), field);
    if (flag) assert.match(text, new RegExp(`\`--?${flag}\``));
  }
  for (const field of Object.keys(OTHER_FIELDS)) assert.ok(text.includes(`\`${field}\``), field);
});
