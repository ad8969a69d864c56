import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { selfSigned } from '../../src/http/certificate.ts';

test('a certificate names what it is for, signs itself and is its own authority', () => {
  const { cert, key } = selfSigned('node-1', ['localhost', 'node-1'], ['127.0.0.1', '::1', '2001:db8::7:1']);
  const certificate = new X509Certificate(cert);
  assert.equal(certificate.verify(certificate.publicKey), true);
  assert.equal(certificate.checkIssued(certificate), true);
  assert.equal(certificate.ca, true);
  assert.equal(certificate.subject, 'CN=node-1');
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.match(key, /^-----BEGIN PRIVATE KEY-----\n/);
  for (const name of ['localhost', 'node-1']) assert.equal(certificate.checkHost(name), name);
  for (const ip of ['127.0.0.1', '::1', '2001:db8::7:1']) assert.equal(certificate.checkIP(ip), ip);
  assert.equal(certificate.checkHost('other'), undefined);
  assert.equal(certificate.checkIP('127.0.0.2'), undefined);
});

test('two certificates have two serial numbers', () => {
  const serials = [1, 2].map(() => new X509Certificate(selfSigned('n', ['n'], []).cert).serialNumber);
  assert.notEqual(serials[0], serials[1]);
});

test('any addresses can be named', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 12 }), (ips) => {
      const certificate = new X509Certificate(selfSigned('n', ['n'], ips).cert);
      return ips.every((ip) => certificate.checkIP(ip) !== undefined);
    }),
    { numRuns: 50 },
  );
});
