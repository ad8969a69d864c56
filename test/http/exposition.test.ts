import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exposition, joinLabels, labelText } from '../../src/http/exposition.ts';

const gauge = (samples: { labels: Record<string, string>; value: number | undefined; atMs?: number }[]) =>
  exposition([
    {
      name: 'x',
      type: 'gauge',
      help: 'Help.',
      samples: samples.map((one) => ({ ...one, labels: labelText(one.labels) })),
    },
  ]);

test('samples have labels and times where they are given', () => {
  const samples = [
    { labels: {}, value: 1 },
    { labels: { a: 'b', c: 'd' }, value: 0.5, atMs: 1234.5 },
    { labels: { e: 'f' }, value: undefined },
  ];
  assert.equal(gauge(samples), '# HELP x Help.\n# TYPE x gauge\nx 1\nx{a="b",c="d"} 0.5 1235\n');
  assert.equal(gauge([{ labels: {}, value: undefined }]), '');
});

test('no label value breaks out of its line', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const lines = gauge([{ labels: { a: value }, value: 1 }]).split('\n');
      const inside = /^x\{a="(.*)"\} 1$/s.exec(lines[2] ?? '')?.[1] ?? '';
      const read = inside.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one));
      return lines.length === 4 && read === value;
    }),
  );
});

test('texts of labels are joined where there is something to join', () => {
  assert.equal(joinLabels(labelText({ a: 'b' }), labelText({ c: 'd' })), 'a="b",c="d"');
  assert.equal(joinLabels('', labelText({ c: 'd' })), 'c="d"');
  assert.equal(joinLabels(labelText({ a: 'b' }), ''), 'a="b"');
});
