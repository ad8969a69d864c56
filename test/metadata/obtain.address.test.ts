import assert from 'node:assert/strict';
import { test } from 'node:test';
import { obtain } from '../../src/metadata/obtain.ts';
import { parseSelection } from '../../src/metadata/select.ts';
import { testEnv } from './env.ts';
import { makeMachine } from './machine.ts';
import { byPath, metadataServer } from './server.ts';

const ADDRESSES: [what: string, given: string | undefined, own: string[], expected: string | undefined][] = [
  ['the provider says it', '10.0.0.7', ['192.168.1.2'], '10.0.0.7'],
  ['the provider does not', undefined, ['203.0.113.9', '192.168.1.2', 'fd00::1'], '192.168.1.2'],
  ['nobody does', undefined, ['203.0.113.9', 'fd00::1', '172.32.0.1'], undefined],
];

for (const [what, given, own, expected] of ADDRESSES) {
  test(`private_ipv4 is ${expected ?? 'absent'} when ${what}`, async (t) => {
    const { base } = await metadataServer(t, byPath(given === undefined ? {} : { '/1.0/meta-data/local-ipv4': given }));
    const machine = { ...(await makeMachine(t)), addresses: async () => own };
    const [candidate = assert.fail()] = parseSelection('exoscale').candidates;
    const { signal } = new AbortController();
    const options = { candidate, machine, nodeName: 'n', manifestDirectory: '/etc/pods', endpoint: base, signal };
    const { attributes } = await obtain({ ...options, env: testEnv() });
    assert.equal(attributes.private_ipv4, expected);
  });
}
