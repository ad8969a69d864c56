/** As a client sends it: with a mask. */
export function masked(whole: Buffer, mask = Buffer.of(1, 2, 3, 4)): Buffer {
  const short = (whole[1] ?? 0) & 0x7f;
  const at = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
  const head = Buffer.from(whole.subarray(0, at));
  head[1] = (head[1] ?? 0) | 0x80;
  const payload = whole.subarray(at).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([head, mask, payload]);
}
