/**
 * A certificate that signs itself, for a listener that only its own machine's clients have to trust (RFC 5280, DER by
 * hand: node:crypto makes keys and signatures, but no certificates).
 */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface KeyPair {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
}

/** Fixed: the clock of a machine may be wrong at its first start, and whoever trusts this trusts it by content. */
const NOT_BEFORE = '000101000000Z';
const NOT_AFTER = '491231235959Z';

/** A P-256 key and its certificate for these DNS names and addresses. */
export function selfSigned(commonName: string, names: readonly string[], ips: readonly string[]): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicInfo = publicKey.export({ type: 'spki', format: 'der' });
  const subject = sequence(set(sequence(oid('550403'), utf8(commonName))));
  const alternatives = [
    ...names.map((name) => der(0x82, Buffer.from(name))),
    ...ips.map((ip) => der(0x87, octets(ip))),
  ];
  const body = sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(serial(publicInfo)),
    ECDSA_WITH_SHA256,
    subject,
    sequence(utcTime(NOT_BEFORE), utcTime(NOT_AFTER)),
    subject,
    publicInfo,
    der(
      0xa3,
      sequence(
        // Basic constraints: a CA, since it signs itself and clients take it as their root.
        extension('551d13', sequence(TRUE), true),
        // Key usage: digitalSignature and keyCertSign.
        extension('551d0f', der(0x03, Buffer.of(2, 0x84)), true),
        // Extended key usage: serverAuth.
        extension('551d25', sequence(oid('2b06010505070301'))),
        extension('551d11', sequence(...alternatives)),
      ),
    ),
  );
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: pem(sequence(body, ECDSA_WITH_SHA256, bitString(sign('sha256', body, privateKey)))),
  };
}

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const TRUE = der(0x01, Buffer.of(0xff));

/** Positive and its own for each key. */
function serial(publicInfo: Buffer): Buffer {
  const digest = createHash('sha256').update(publicInfo).digest().subarray(0, 16);
  return Buffer.concat([Buffer.of(0x40 | ((digest[0] ?? 0) & 0x3f)), digest.subarray(1)]);
}

function octets(ip: string): Buffer {
  if (isIPv4(ip)) return Buffer.from(ip.split('.').map(Number));
  // The URL parser expands what is hard to read: an IPv4 tail, leading zeros.
  const [head = '', tail] = new URL(`http://[${ip}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string | undefined) => (text ? text.split(':').map((group) => Number.parseInt(group, 16)) : []);
  const [first, last] = [groups(head), groups(tail)];
  const all = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [TRUE] : []), der(0x04, value));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function utf8(value: string): Buffer {
  return der(0x0c, Buffer.from(value));
}

function utcTime(value: string): Buffer {
  return der(0x17, Buffer.from(value));
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes);
}

function bitString(bytes: Buffer): Buffer {
  return der(0x03, Buffer.concat([Buffer.of(0), bytes]));
}

function set(...parts: Buffer[]): Buffer {
  return der(0x31, Buffer.concat(parts));
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
