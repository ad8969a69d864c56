import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostAllowed, originAllowed } from '../../src/http/hosts.ts';

const OWN = { address: '127.0.0.1', nodeName: 'node-1', ips: ['192.0.2.7', '2001:db8::7'] };

test('the endpoint answers to its own names and addresses on any port', () => {
  const hosts = [
    undefined,
    'localhost',
    'LOCALHOST:80',
    '127.0.0.1:10255',
    '127.9.9.9',
    '[::1]:1',
    'node-1',
    'Node-1:10255',
    '192.0.2.7',
    '[2001:db8::7]:10255',
  ];
  for (const host of hosts) assert.equal(hostAllowed(host, OWN), true, host);
});

test('any other host is refused: a browser may be led astray', () => {
  const hosts = [
    '',
    'evil.example',
    'localhost.evil.example',
    '192.0.2.8',
    'user@localhost',
    'localhost:x',
    'localhost/x',
    '[localhost]',
    '::1',
    'a b',
    '0.0.0.0',
  ];
  for (const host of hosts) assert.equal(hostAllowed(host, OWN), false, host);
});

test('when listening everywhere, every address is its own, and no other name', () => {
  const everywhere = { ...OWN, address: '0.0.0.0' };
  assert.equal(hostAllowed('198.51.100.1:10255', everywhere), true);
  assert.equal(hostAllowed('evil.example', everywhere), false);
});

test('only pages of the endpoint itself may call it', () => {
  assert.equal(originAllowed(undefined, 'localhost:1'), true);
  assert.equal(originAllowed('http://localhost:1', 'localhost:1'), true);
  for (const origin of ['null', 'http://localhost:2', 'https://localhost:1', 'http://evil.example', '']) {
    assert.equal(originAllowed(origin, 'localhost:1'), false, origin);
  }
  assert.equal(originAllowed('http://undefined', undefined), false);
});
