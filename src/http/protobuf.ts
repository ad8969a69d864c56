/**
 * Just enough protobuf to read the reviews that typed clients of 1.32 and later post: `k8s\0` and a `runtime.Unknown`
 * whose `raw` is the object. Source: apimachinery pkg/runtime/serializer/protobuf, protobuf.dev/programming-guides/encoding.
 */
import { badRequest } from './status.ts';

const MAGIC = Buffer.from('k8s\0');
const RAW_FIELD = 2;

/** The object's bytes inside their envelope. Throws 400. */
export function unwrap(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw badRequest('the body is no Kubernetes protobuf');
  return readFields(bytes.subarray(MAGIC.length)).get(RAW_FIELD) ?? Buffer.alloc(0);
}

/** The fields of a message that hold bytes, by number; the last of each number. Numbers are left out. Throws 400. */
export function readFields(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const fields = new Map<number, Buffer>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 64; shift += 7) {
      const byte = bytes[at];
      if (byte === undefined) break;
      at += 1;
      // Beyond 2^53 the value is wrong, and too large for what it counts either way.
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw badRequest('the body is not valid protobuf');
  };
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw badRequest('the body is not valid protobuf');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const kind = tag % 8;
    if (kind === 0) varint();
    else if (kind === 1) take(8);
    else if (kind === 5) take(4);
    else if (kind === 2) fields.set(Math.floor(tag / 8), take(varint()));
    else throw badRequest('the body is not valid protobuf');
  }
  return fields;
}

/** The text of each named field that is there. */
export function readTexts(bytes: Buffer, names: Readonly<Record<number, string>>): Record<string, string> {
  const fields = [...readFields(bytes)].flatMap(([number, value]) => {
    const name = names[number];
    return name === undefined ? [] : [[name, value.toString()] as const];
  });
  return Object.fromEntries(fields);
}
