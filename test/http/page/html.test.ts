import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { html } from '../../../src/http/page/html.ts';

test('values are text, parts made here are markup, and nothing is nothing', () => {
  const list = ['<a>', '&'].map((one) => html`<li>${one}</li>`);
  assert.equal(
    html`<ul class="${'"x"'}">${list}</ul>${undefined}${false}${0}`.toString(),
    '<ul class="&quot;x&quot;"><li>&lt;a&gt;</li><li>&amp;</li></ul>0',
  );
});

test('no value brings a tag or ends an attribute', () => {
  fc.assert(fc.property(fc.string(), (value) => !/[<>"']/.test(html`${value}`.toString())));
});
