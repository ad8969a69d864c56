import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { acceptOf, closeFrame, FrameReader, frame } from '../../src/http/websocket.ts';
import { masked } from './frames.ts';

test('a key is answered as RFC 6455 shows', () => {
  assert.equal(acceptOf('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('lengths are written in 7, 16 and 64 bits', () => {
  for (const [length, head] of [
    [0, '8100'],
    [125, '817d'],
    [126, '817e007e'],
    [65535, '817effff'],
    [65536, '817f0000000000010000'],
  ] as const) {
    const whole = frame('text', Buffer.alloc(length));
    assert.equal(whole.subarray(0, whole.length - length).toString('hex'), head);
  }
  assert.equal(closeFrame(1000).toString('hex'), '880203e8');
});

test('frames arrive whole however they are cut', () => {
  const kinds = fc.constantFrom('text' as const, 'binary' as const, 'ping' as const, 'close' as const);
  const frames = fc.array(fc.tuple(kinds, fc.uint8Array({ maxLength: 120 })), { maxLength: 5 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, cuts) => {
      let rest = Buffer.concat(sent.map(([kind, payload]) => masked(frame(kind, Buffer.from(payload)))));
      const reader = new FrameReader();
      const got = [];
      for (let index = 0; rest.length > 0; index += 1) {
        const size = cuts[index % cuts.length] ?? 1;
        got.push(...reader.push(rest.subarray(0, size)));
        rest = rest.subarray(size);
      }
      assert.deepEqual(
        got.map(({ kind, payload }) => [kind, [...payload]]),
        sent.map(([kind, payload]) => [kind, [...payload]]),
      );
    }),
  );
});

test('what no client may send is an error', () => {
  const big = Buffer.from('81ff0000000100000000aabbccdd', 'hex');
  for (const bytes of [frame('text', Buffer.from('x')), Buffer.of(0xc1, 0x80), Buffer.of(0x83, 0x80), big])
    assert.throws(() => new FrameReader().push(bytes));
  // Only control frames have to be small and whole.
  assert.throws(() => new FrameReader().push(Buffer.of(0x09, 0x80, 0, 0, 0, 0)));
  assert.throws(() => new FrameReader().push(masked(frame('ping', Buffer.alloc(126)))));
});

test('any bytes give frames or an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        new FrameReader().push(Buffer.from(bytes));
      } catch (error) {
        assert.ok(error instanceof Error && error.message.startsWith('a '), String(error));
      }
    }),
  );
});
