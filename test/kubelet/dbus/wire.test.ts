import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeMessage, encodeMessage, type Message, messageLength } from '../../../src/kubelet/dbus/wire.ts';

/** What busctl (systemd 252) sent through dbus-daemon 1.14 for PrepareForShutdown. */
const RECORDED = Buffer.from(
  [
    '6c04010104000000020000007d00000001016f00170000002f6f72672f667265656465736b746f702f6c6f67696e3100',
    '020173001e0000006f72672e667265656465736b746f702e6c6f67696e312e4d616e6167657200000301730012000000',
    '50726570617265466f7253687574646f776e000000000000080167000162000007017300040000003a312e3100000000',
    '01000000',
  ].join(''),
  'hex',
);

describe('a D-Bus message', () => {
  const call: Message = {
    type: 'call',
    serial: 7,
    path: '/org/freedesktop/systemd1',
    interface: 'org.freedesktop.systemd1.Manager',
    member: 'KillUnit',
    destination: 'org.freedesktop.systemd1',
    signature: 'ssi',
    body: ['systemd-logind.service', 'all', 1],
  };

  it('is the same there and back', () => {
    assert.deepEqual(decodeMessage(encodeMessage(call)), call);
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((one) => !one.includes('\0'));
    const word = fc.nat(0xffffffff);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        text,
        word,
        fc.boolean(),
        fc.bigInt(0n, 2n ** 64n - 1n),
        fc.integer(),
        (serial, s, u, b, t, i) => {
          const message: Message = {
            type: 'return',
            serial,
            replySerial: serial,
            signature: 'subtiyg',
            body: [s, u, b, t, i | 0, u & 255, 'ss'],
          };
          assert.deepEqual(decodeMessage(encodeMessage(message)), message);
        },
      ),
    );
  });

  it('tells its length as soon as its head is there', () => {
    const bytes = encodeMessage(call);
    assert.equal(messageLength(bytes.subarray(0, 15)), undefined);
    assert.equal(messageLength(bytes.subarray(0, 16)), bytes.length);
    assert.equal(messageLength(Buffer.concat([bytes, bytes])), bytes.length);
  });

  it('unwraps variants, and leaves the body out when it holds other types', () => {
    const bytes = encodeMessage({ type: 'return', serial: 1, signature: 'v', body: [['t', 5_000_000n]] });
    assert.deepEqual(decodeMessage(bytes).body, [5_000_000n]);
    const strings = Buffer.from(encodeMessage({ type: 'return', serial: 1, signature: 'g', body: ['x'] }));
    for (const type of ['d', 'a', '(', ')']) {
      strings[strings.indexOf('\u0001g\0', 20) + 1] = type.charCodeAt(0);
      assert.equal(decodeMessage(strings).body, undefined);
      strings[strings.indexOf(`\u0001${type}\0`, 20) + 1] = 'g'.charCodeAt(0);
    }
  });

  it('has arrays and structs, each where it has to begin', () => {
    const properties = [
      ['Wants', ['as', ['a', 'bc']]],
      ['CPUShares', ['t', 2n]],
      ['None', ['at', []]],
    ];
    const message = { ...call, signature: 'sba(sv)a(sa(sv))', body: ['unit', true, properties, []] };
    const { body } = decodeMessage(encodeMessage(message));
    const unwrapped = properties.map(([name, variant]) => [name, variant?.[1]]);
    assert.deepEqual(body, ['unit', true, unwrapped, []]);
  });

  it('refuses a message whose parts are in each other without end', () => {
    let value: [string, unknown] = ['y', 1];
    for (let depth = 0; depth < 100; depth += 1) value = ['v', value];
    assert.throws(() => decodeMessage(encodeMessage({ ...call, signature: 'v', body: [value] })), /in each other/);
  });

  it('is read as systemd and the bus write it', () => {
    assert.equal(messageLength(RECORDED), RECORDED.length);
    const { path, member, sender, body } = decodeMessage(RECORDED);
    assert.deepEqual([path, member, sender, body], ['/org/freedesktop/login1', 'PrepareForShutdown', ':1.1', [true]]);
  });

  it('may have the other byte order', () => {
    const big = Buffer.from('4204000100000004000000090000000708016700017500'.concat('00', '00000005'), 'hex');
    assert.equal(messageLength(big), big.length);
    assert.deepEqual(decodeMessage(big), { type: 'signal', serial: 9, signature: 'u', body: [5] });
  });

  it('is refused when it is none, too long or cut short', () => {
    assert.throws(() => messageLength(Buffer.alloc(16, 'x')), /not a D-Bus message/);
    const long = Buffer.from(encodeMessage(call));
    long.writeUInt32LE(0x7fffffff, 4);
    assert.throws(() => messageLength(long), /too long/);
    assert.throws(() => decodeMessage(encodeMessage(call).subarray(0, 60)), /cut short/);
  });
});
