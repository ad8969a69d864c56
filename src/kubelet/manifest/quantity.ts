/**
 * Kubernetes resource quantities (`100m`, `1.5Gi`, `1e3`), exact: amounts are counted in nano units as bigint and never
 * pass through a floating-point number. Grammar, rounding and canonical form of
 * staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go.
 */

/** What the API server says of text that is not a quantity. */
export const QUANTITY_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Text to append to it: the quantity that was probably meant; empty when none is near. */
export function suggestQuantity(text: unknown): string {
  if (typeof text !== 'string' || text.length > MAX_TEXT_LENGTH) return '';
  const [, amount = '', unit = ''] = /^([\d.]+)([a-zA-Z]*)$/.exec(text.replaceAll(/[\s,_]/g, '')) ?? [];
  // 64MB, 1g, 500Mib, 2KB, 1GIB
  const short = unit.replace(/b(ytes?)?$/i, '');
  const first = short.slice(0, 1).toUpperCase().replace('K', 'k');
  const near = [short, first, `${first.toUpperCase()}i`].filter((one) => one.toLowerCase() === short.toLowerCase());
  const meant = near.map((one) => amount + one).find((one) => one !== text && parseQuantity(one) !== undefined);
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

export const NANO_PER_UNIT = 10n ** 9n;
const NANO_PER_MILLI = 10n ** 6n;
/** No amount is larger than the largest int64, in units. */
const MAX_NANO = (2n ** 63n - 1n) * NANO_PER_UNIT;
/** Longer text is refused: no honest quantity needs it, and its digits would cost quadratic time. */
const MAX_TEXT_LENGTH = 64;
/** Powers of ten beyond these only cap the amount or round it up to one nano unit. */
const MAX_EXPONENT = 40;

const QUANTITY = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,9})?$/;
const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

type Format = 'decimal' | 'binary' | 'exponent';

/** The amount in nano units, rounded away from zero and capped as Kubernetes does; undefined when it is no quantity. */
export function parseQuantity(text: string | number): bigint | undefined {
  return parse(text)?.nano;
}

/** Thousandths of a unit, rounded up (Quantity.MilliValue). */
export function quantityMilliValue(text: string | number): number | undefined {
  const nano = parseQuantity(text);
  return nano === undefined ? undefined : Number(roundUp(nano, NANO_PER_MILLI));
}

/** Whole units, rounded up (Quantity.Value). Exact up to 2^53. */
export function quantityValue(text: string | number): number | undefined {
  const nano = parseQuantity(text);
  return nano === undefined ? undefined : Number(roundUp(nano, NANO_PER_UNIT));
}

/** The sum of amounts, printed in the family of suffixes of the first that is not zero (Quantity.Add). Exact. */
export function addQuantities(texts: readonly string[]): string {
  const parsed = texts.flatMap((text) => parse(text) ?? []);
  const nano = parsed.reduce((sum, one) => sum + one.nano, 0n);
  return print(nano, parsed.find((one) => one.nano !== 0n)?.format ?? 'decimal');
}

/**
 * The form Kubernetes prints: no fraction, the largest suffix of the same family (`0.5` is `500m`, `1.5Gi` is `1536Mi`).
 * `resourceList` rounds up to a thousandth first, as the API server does for requests and limits.
 */
export function canonicalQuantity(text: string | number, options: { resourceList?: boolean } = {}): string | undefined {
  const parsed = parse(text);
  if (parsed === undefined) return undefined;
  const nano = options.resourceList ? roundUp(parsed.nano, NANO_PER_MILLI) * NANO_PER_MILLI : parsed.nano;
  return print(nano, parsed.format);
}

function print(nano: bigint, format: Format): string {
  if (nano === 0n) return '0';
  const kibi = 1024n * NANO_PER_UNIT;
  const whole = nano % NANO_PER_UNIT === 0n;
  if (format === 'binary' && whole && (nano >= kibi || nano <= -kibi)) return printBinary(nano / NANO_PER_UNIT);
  return printDecimal(nano, format === 'exponent');
}

function parse(text: string | number): { nano: bigint; format: Format } | undefined {
  const source = String(text);
  if (source.length > MAX_TEXT_LENGTH) return undefined;
  const match = QUANTITY.exec(source);
  if (!match) return undefined;
  const [, sign, whole = '0', fraction = match[4] ?? '', , suffix = ''] = match;
  const digits = BigInt(whole + fraction);
  const { power, base, format } = scale(suffix);
  const amount = format === 'binary' ? digits * base : digits;
  const exponent = power - fraction.length + 9;
  const magnitude = exponent >= 0 ? amount * 10n ** BigInt(exponent) : roundUp(amount, 10n ** BigInt(-exponent));
  const capped = magnitude > MAX_NANO ? MAX_NANO : magnitude;
  return { nano: sign === '-' ? -capped : capped, format };
}

/** What a suffix multiplies by: `base` for the binary ones, ten to the `power` for the others. */
function scale(suffix: string): { power: number; base: bigint; format: Format } {
  const binary = suffix === '' ? -1 : BINARY_SUFFIXES.indexOf(suffix);
  if (binary > 0) return { power: 0, base: 1024n ** BigInt(binary), format: 'binary' };
  const decimal = DECIMAL_SUFFIXES.indexOf(suffix);
  if (decimal >= 0) return { power: (decimal - 3) * 3, base: 1n, format: 'decimal' };
  const power = Math.max(-MAX_EXPONENT * 2, Math.min(MAX_EXPONENT, Number(suffix.slice(1))));
  return { power, base: 1n, format: 'exponent' };
}

/** `amount / unit`, rounded away from zero. */
function roundUp(amount: bigint, unit: bigint): bigint {
  const quotient = amount / unit;
  if (quotient * unit === amount) return quotient;
  return amount > 0n ? quotient + 1n : quotient - 1n;
}

function printBinary(units: bigint): string {
  let power = 0;
  let mantissa = units;
  while (power < BINARY_SUFFIXES.length - 1 && mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    power += 1;
  }
  return `${mantissa}${BINARY_SUFFIXES[power]}`;
}

function printDecimal(nano: bigint, asExponent: boolean): string {
  let index = 0;
  let mantissa = nano;
  while (index < DECIMAL_SUFFIXES.length - 1 && mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    index += 1;
  }
  const exponent = (index - 3) * 3;
  const suffix = asExponent ? (exponent === 0 ? '' : `e${exponent}`) : DECIMAL_SUFFIXES[index];
  return `${mantissa}${suffix}`;
}
