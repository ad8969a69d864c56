import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addQuantities,
  canonicalQuantity,
  parseQuantity,
  quantityMilliValue,
  quantityValue,
} from '../../../src/kubelet/manifest/quantity.ts';

// text, nano units, milli value, value, canonical form
const AMOUNTS: [string | number, bigint, number, number, string][] = [
  ['0', 0n, 0, 0, '0'],
  ['1', 10n ** 9n, 1000, 1, '1'],
  [2, 2n * 10n ** 9n, 2000, 2, '2'],
  ['0.5', 5n * 10n ** 8n, 500, 1, '500m'],
  [0.1, 10n ** 8n, 100, 1, '100m'],
  ['1.5', 15n * 10n ** 8n, 1500, 2, '1500m'],
  ['1000m', 10n ** 9n, 1000, 1, '1'],
  ['-1', -(10n ** 9n), -1000, -1, '-1'],
  ['+5', 5n * 10n ** 9n, 5000, 5, '5'],
  ['5.', 5n * 10n ** 9n, 5000, 5, '5'],
  ['100n', 100n, 1, 1, '100n'],
  ['1u', 1000n, 1, 1, '1u'],
  ['0.1n', 1n, 1, 1, '1n'],
  ['1k', 10n ** 12n, 10 ** 6, 1000, '1k'],
  ['1000000', 10n ** 15n, 10 ** 9, 10 ** 6, '1M'],
  ['1Ki', 1024n * 10n ** 9n, 1_024_000, 1024, '1Ki'],
  ['1024', 1024n * 10n ** 9n, 1_024_000, 1024, '1024'],
  ['0.5Ki', 512n * 10n ** 9n, 512_000, 512, '512'],
  ['.5Gi', 2n ** 29n * 10n ** 9n, 536_870_912_000, 536_870_912, '512Mi'],
  ['1.5Gi', 1536n * 2n ** 20n * 10n ** 9n, 1_610_612_736_000, 1_610_612_736, '1536Mi'],
  ['2048Mi', 2n ** 31n * 10n ** 9n, 2 ** 31 * 1000, 2 ** 31, '2Gi'],
  ['1e3', 10n ** 12n, 10 ** 6, 1000, '1e3'],
  ['1E3', 10n ** 12n, 10 ** 6, 1000, '1e3'],
  ['12e6', 12n * 10n ** 15n, 12 * 10 ** 9, 12 * 10 ** 6, '12e6'],
  ['1E', 10n ** 27n, 10 ** 21, 10 ** 18, '1E'],
  ['1e-99', 1n, 1, 1, '1e-9'],
];

for (const [text, nano, milli, value, canonical] of AMOUNTS) {
  test(`the quantity ${text} is ${canonical}`, () => {
    assert.equal(parseQuantity(text), nano);
    assert.equal(quantityMilliValue(text), milli);
    assert.equal(quantityValue(text), value);
    assert.equal(canonicalQuantity(text), canonical);
  });
}

for (const text of [
  '',
  ' ',
  '.',
  '-',
  'x',
  '1Q1',
  '1e',
  '1 Gi',
  '1gi',
  '1KI',
  '1MM',
  '0x10',
  '1e+',
  '1_000',
  '٣',
  '1'.repeat(65),
  'NaN',
  Number.NaN,
  Infinity,
]) {
  test(`${JSON.stringify(text).slice(0, 20)} is no quantity`, () => {
    assert.equal(parseQuantity(text), undefined);
    assert.equal(canonicalQuantity(text), undefined);
    assert.equal(quantityMilliValue(text), undefined);
    assert.equal(quantityValue(text), undefined);
  });
}

test('amounts beyond an int64 are capped', () => {
  const cap = (2n ** 63n - 1n) * 10n ** 9n;
  for (const text of ['100E', '1e99', '9999999999999999999999', '8Ei', '1e999999999'])
    assert.equal(parseQuantity(text), cap);
  assert.equal(parseQuantity('-100E'), -cap);
});

test('requests and limits are rounded up to a thousandth', () => {
  assert.equal(canonicalQuantity('0.0001', { resourceList: true }), '1m');
  assert.equal(canonicalQuantity('1.0001', { resourceList: true }), '1001m');
  assert.equal(canonicalQuantity('100n', { resourceList: true }), '1m');
  assert.equal(canonicalQuantity('64Mi', { resourceList: true }), '64Mi');
});

const quantityText = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    fc.bigInt({ min: 0n, max: 10n ** 12n }),
    fc.option(fc.stringMatching(/^[0-9]{1,12}$/)),
    fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e0', 'e3', 'E-3', 'e+2'),
  )
  .map(([sign, whole, fraction, suffix]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${suffix}`);

test('the canonical form is the same amount and canonical itself', () => {
  fc.assert(
    fc.property(quantityText, (text) => {
      const canonical = canonicalQuantity(text);
      assert.ok(canonical !== undefined);
      assert.equal(parseQuantity(canonical), parseQuantity(text));
      assert.equal(canonicalQuantity(canonical), canonical);
    }),
  );
});

test('milli value and value are the ceiling of the amount, away from zero', () => {
  fc.assert(
    fc.property(quantityText, (text) => {
      const nano = parseQuantity(text) ?? 0n;
      const size = nano < 0n ? -nano : nano;
      const milli = Math.abs(quantityMilliValue(text) ?? 0);
      if (milli < Number.MAX_SAFE_INTEGER) {
        assert.ok(BigInt(milli) * 10n ** 6n >= size);
        assert.ok((BigInt(milli) - 1n) * 10n ** 6n < size);
      }
    }),
  );
});

test('a sum of parts written in any suffix is the sum of the amounts', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.nat(1_000_000), (a, b) => {
      assert.equal((parseQuantity(`${a}m`) ?? 0n) + (parseQuantity(`${b}m`) ?? 0n), parseQuantity(`${a + b}m`));
      assert.equal((parseQuantity(`${a}Ki`) ?? 0n) * 1024n, parseQuantity(`${a}Mi`));
      assert.equal((parseQuantity(`${a}k`) ?? 0n) * 1000n, parseQuantity(`${a}M`));
    }),
  );
});

test('no text makes the parser throw or take long', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.eE+-]{0,70}$/)), (text) => {
      const nano = parseQuantity(text);
      assert.ok(nano === undefined || typeof nano === 'bigint');
    }),
  );
});

test('a sum is exact and keeps the first family of suffixes', () => {
  assert.equal(addQuantities([]), '0');
  assert.equal(addQuantities(['0', '1Gi', '1']), '1073741825');
  assert.equal(addQuantities(['1Gi', '512Mi']), '1536Mi');
  assert.equal(addQuantities(['500m', '0.5', '1n']), '1000000001n');
});
