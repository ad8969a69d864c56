import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { paddedStamp, parseLine, stampNanos } from '../../../src/kubelet/logs/line.ts';

const STAMP = '2026-01-02T03:04:05.678901234Z';
const read = (line: string) => {
  const parsed = parseLine(Buffer.from(line));
  return parsed && [parsed.stamp, parsed.stream, parsed.content.toString()];
};

describe('a line of a log', () => {
  const rows: [name: string, line: string, parsed: string[] | undefined][] = [
    [
      'is read with its line feed when it is whole',
      `${STAMP} stdout F hello  world`,
      [STAMP, 'stdout', 'hello  world\n'],
    ],
    ['is read without one when it is a part', `${STAMP} stderr P hel`, [STAMP, 'stderr', 'hel']],
    ['may have more tags', `${STAMP} stdout P:x:y hel`, [STAMP, 'stdout', 'hel']],
    ['may be empty', `${STAMP} stdout F `, [STAMP, 'stdout', '\n']],
    ['may be empty and lack its last blank', `${STAMP} stdout F`, [STAMP, 'stdout', '\n']],
    ['may have a zone', '2026-01-02T03:04:05+02:00 stdout F x', ['2026-01-02T03:04:05+02:00', 'stdout', 'x\n']],
    [
      "may be Docker's",
      '{"log":"hi \\u00e9\\n","stream":"stderr","time":"2026-01-02T03:04:05.6Z"}',
      ['2026-01-02T03:04:05.6Z', 'stderr', 'hi é\n'],
    ],
    ['is nothing with an unknown stream', `${STAMP} stdin F x`, undefined],
    ['is nothing with an unknown tag', `${STAMP} stdout Q x`, undefined],
    ['is nothing without a time', 'yesterday stdout F x', undefined],
    ['is nothing when it is cut short', `${STAMP} stdout`, undefined],
    ['is nothing when it is other JSON', '{"log":1}', undefined],
    ['is nothing when it is broken JSON', '{"log":"x', undefined],
    ['is nothing when it is empty', '', undefined],
  ];
  for (const [name, line, parsed] of rows) it(name, () => assert.deepEqual(read(line), parsed));

  it('keeps bytes that are no text', () => {
    const line = Buffer.concat([Buffer.from(`${STAMP} stdout F `), Buffer.from([0xff, 0x00, 0x20, 0x0d])]);
    assert.deepEqual(parseLine(line)?.content, Buffer.from([0xff, 0x00, 0x20, 0x0d, 0x0a]));
  });
});

describe('a time in a log', () => {
  it('is shown with nine digits', () => {
    assert.equal(paddedStamp('2026-01-02T03:04:05Z'), '2026-01-02T03:04:05.000000000Z');
    assert.equal(paddedStamp('2026-01-02T03:04:05.12+02:00'), '2026-01-02T03:04:05.120000000+02:00');
  });

  it('is compared to the nanosecond, whatever its zone', () => {
    assert.equal(stampNanos('1970-01-01T00:00:01.000000002Z'), 1_000_000_002n);
    assert.equal(stampNanos('1970-01-01T02:00:01.5+02:00'), 1_500_000_000n);
    assert.equal(stampNanos('1970-13-01T00:00:00Z'), undefined);
    assert.equal(stampNanos('now'), undefined);
  });
});
