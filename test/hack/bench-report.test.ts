import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { atMost, below, type Figure, markdown, plainTable, withMeasured } from '../../hack/bench-report.ts';
import { ROOT } from '../../hack/root.ts';

const FIGURES: Figure[] = [
  { what: 'One Pod', measured: '1.10 ×', promise: atMost(1.1, 1.15, '≤ 1.15 ×') },
  { what: 'At rest', measured: '80 MB', promise: below(80, 75, '< 75 MB') },
  { what: 'Something that nobody promised', measured: '3 ms' },
];
const OCCASION = { command: 'npm run bench', machine: '2 cores', date: '2026-01-31', remark: '' };

test('a promise is held at its limit when it says at most, and not when it says below', () => {
  assert.equal(atMost(50, 50, '').held, true);
  assert.equal(atMost(50.1, 50, '').held, false);
  assert.equal(below(50, 50, '').held, false);
  assert.equal(below(49.9, 50, '').held, true);
});

test('the terminal shows what was not held as plainly as what was', () => {
  assert.equal(
    plainTable(FIGURES),
    [
      'One Pod                         held      1.10 ×',
      'At rest                         NOT held  80 MB',
      'Something that nobody promised            3 ms',
    ].join('\n'),
  );
});

test('the document gets the command, the machine, the day and a row for each figure', () => {
  const text = markdown(FIGURES, { ...OCCASION, remark: 'Others were busy.' });
  assert.match(text, /^`npm run bench` on 2026-01-31: 2 cores\. Others were busy\.$/m);
  assert.match(text, /^\| One Pod \| ≤ 1\.15 × \| 1\.10 × \| held \|$/m);
  assert.match(text, /^\| At rest \| < 75 MB \| 80 MB \| NOT held \|$/m);
  assert.match(text, /^\| Something that nobody promised \| \| 3 ms \| \|$/m);
});

test('only what lies between the markers is replaced, again and again', () => {
  const first = markdown(FIGURES, OCCASION);
  const second = markdown(FIGURES.slice(0, 1), OCCASION);
  const document = `before\n${first}\nafter\n`;
  assert.equal(withMeasured(document, second), `before\n${second}\nafter\n`);
  assert.equal(withMeasured(withMeasured(document, second), first), document);
  assert.throws(() => withMeasured('no markers', first), /lacks the lines/);
});

test('docs/specification.md has the markers', () => {
  const document = readFileSync(path.join(ROOT, 'docs/specification.md'), 'utf8');
  assert.ok(withMeasured(document, 'new').includes('new'));
});
