import assert from 'node:assert/strict';
import { logTail } from '../../src/kubelet/container/log-tail.ts';
import { LogFormatter } from '../../src/kubelet/logs/format.ts';
import { type Target, texts, words } from './target.ts';

const FORMATS = [{}, { timestamps: true }, { stream: 'stderr' }, { limitBytes: 50 }, { sinceMs: 1 }] as const;

/** The files that a runtime writes from what containers write. */
export const logs: Target = {
  name: 'logs',
  corpus: () =>
    texts(
      '2026-01-01T00:00:00.000000001Z stdout F one\n2026-01-01T00:00:00Z stderr P half\n2026-01-01T00:00:01Z stderr F whole\n',
      '{"log":"one\\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}\n{"log":"half","stream":"stderr","time":"2026-01-01T00:00:00.5+02:00"}\n',
    ),
  words: words(
    'stdout',
    'stderr',
    ' F ',
    ' P ',
    ':x ',
    '\n',
    '\r\n',
    '{',
    '2026-02-30T25:61:61Z',
    'Z',
    '\0',
    'é',
    '"log":null',
  ),
  run(bytes) {
    for (const format of FORMATS) {
      const whole = new LogFormatter(format);
      const expected = Buffer.concat([whole.push(bytes), whole.end()]);
      assert.ok(!('limitBytes' in format) || expected.length <= format.limitBytes);
      // However the file is read, the same comes out.
      for (const size of [1, 7, 64]) {
        if (bytes.length > 4096 && size === 1) continue;
        const pieces = new LogFormatter(format);
        const out: Buffer[] = [];
        for (let from = 0; from < bytes.length; from += size) out.push(pieces.push(bytes.subarray(from, from + size)));
        assert.ok(Buffer.concat([...out, pieces.end()]).equals(expected), `in pieces of ${size}`);
      }
    }
    for (const isWhole of [true, false]) assert.ok(logTail(bytes, isWhole, 80, 2048).length <= 2048);
  },
};
