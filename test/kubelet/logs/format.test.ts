import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type LogFormat, LogFormatter } from '../../../src/kubelet/logs/format.ts';

const at = (second: number) => `2026-01-02T03:04:${String(second).padStart(2, '0')}.5Z`;
const sinceMs = (second: number) => Date.parse(at(second));
const LOG = [
  `${at(1)} stdout F one`,
  `${at(2)} stderr F two`,
  'garbage',
  `${at(3)} stdout P thr`,
  `${at(3)} stdout P e`,
  `${at(4)} stdout F e`,
  `${at(5)} stdout F `,
  '',
].join('\n');

function format(
  log: string,
  options: LogFormat,
  pieces = [log.length],
  prepare?: (formatter: LogFormatter) => void,
): string {
  const formatter = new LogFormatter(options);
  prepare?.(formatter);
  const bytes = Buffer.from(log);
  let from = 0;
  let out = '';
  for (const length of pieces) {
    out += formatter.push(bytes.subarray(from, from + length));
    from += length;
  }
  return out + formatter.push(bytes.subarray(from)) + formatter.end();
}

describe('a log', () => {
  const rows: [name: string, options: LogFormat, out: string][] = [
    ['joins what is in parts and leaves out what it does not know', {}, 'one\ntwo\nthree\n\n'],
    ['of one stream has that one only', { stream: 'stderr' }, 'two\n'],
    [
      'with times has one at each beginning of a line',
      { timestamps: true, sinceMs: sinceMs(3) },
      '2026-01-02T03:04:03.500000000Z three\n2026-01-02T03:04:05.500000000Z \n',
    ],
    ['since a time has nothing older', { sinceMs: sinceMs(4) }, 'e\n\n'],
    ['of so many bytes ends there', { limitBytes: 6 }, 'one\ntw'],
    ['of so many bytes counts the times too', { limitBytes: 3, timestamps: true }, '202'],
  ];
  for (const [name, options, out] of rows) it(name, () => assert.equal(format(LOG, options), out));

  it('is full at its limit', () => {
    const formatter = new LogFormatter({ limitBytes: 4 });
    formatter.push(Buffer.from(LOG));
    assert.equal(formatter.full, true);
    assert.equal(formatter.push(Buffer.from(LOG)).length, 0);
  });

  it('ends with a line that has no line feed yet', () => assert.equal(format(`${at(1)} stdout F half`, {}), 'half\n'));

  it('can leave out lines of the file at its beginning', () => {
    assert.equal(
      format(LOG, {}, [], (formatter) => formatter.skip(4)),
      'ee\n\n',
    );
  });

  it('goes on after the newest line when files are read again', () => {
    const formatter = new LogFormatter({});
    assert.equal(
      formatter.push(Buffer.from(`${at(1)} stdout F one\n${at(2)} stdout F two\n${at(3)} std`)).toString(),
      'one\ntwo\n',
    );
    formatter.resume();
    assert.equal(formatter.push(Buffer.from(LOG)).toString(), 'three\n\n');
  });

  it('is the same however it arrives', () => {
    const whole = format(LOG, { timestamps: true });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (pieces) => {
        assert.equal(format(LOG, { timestamps: true }, pieces), whole);
      }),
    );
  });

  it('passes a line longer than memory should hold on in pieces, with one time and one end', () => {
    const long = 'x'.repeat(3 * 1024 * 1024 + 7);
    const log = `${at(1)} stdout F ${long}\n${at(2)} stdout F next\n`;
    const pieces = Array.from({ length: 50 }, () => 64 * 1024);
    assert.equal(
      format(log, { timestamps: true }, pieces),
      `2026-01-02T03:04:01.500000000Z ${long}\n2026-01-02T03:04:02.500000000Z next\n`,
    );
    assert.equal(
      format(log, {}, pieces, (formatter) => formatter.skip(1)),
      'next\n',
    );
    assert.equal(format(`${long}\n${at(2)} stdout F next\n`, {}, pieces), 'next\n');
    assert.equal(format(log, { sinceMs: sinceMs(2) }, pieces), 'next\n');
  });
});
