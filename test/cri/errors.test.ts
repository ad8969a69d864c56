import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { createCriClient } from '../../src/cri/client.ts';
import { toCriError } from '../../src/cri/errors.ts';
import { CriError } from '../../src/cri/port.ts';
import { createClock } from './clock.ts';
import { failureOf, grpcError, serve, socketDir } from './server.ts';

const reserved = 'failed to reserve sandbox name "a_default_u_0": name "a_default_u_0" is reserved for "0123"';
const table: [status, string, string][] = [
  [status.NOT_FOUND, 'an error occurred when try to find container "x": not found', 'not-found'],
  [status.DEADLINE_EXCEEDED, 'timeout 1s exceeded: context deadline exceeded', 'deadline'],
  [status.UNIMPLEMENTED, 'unknown service runtime.v1.RuntimeService', 'unimplemented'],
  [status.UNAVAILABLE, 'transport is closing', 'unavailable'],
  [status.UNKNOWN, 'server is not initialized yet', 'unavailable'],
  [status.UNKNOWN, reserved, 'other'],
  [status.CANCELLED, 'context canceled', 'other'],
  [status.CANCELLED, 'Call cancelled', 'unavailable'],
  [status.INTERNAL, 'panic', 'other'],
  [status.FAILED_PRECONDITION, 'not running', 'other'],
  [status.ALREADY_EXISTS, 'there already', 'other'],
];

test('a failure carries its stable code, the call, and the text of the runtime alone', async (t) => {
  let failure: Error = new Error();
  const unary = () => {
    throw failure;
  };
  const server = await serve(t, `${await socketDir(t)}/s`, { unary });
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: createClock() });
  t.after(() => client.close());
  for (const [grpcCode, details, code] of table) {
    await t.test(`${status[grpcCode]} ${details.slice(0, 40)}`, async () => {
      failure = grpcError(grpcCode, details);
      const error = await failureOf(client.cri.startContainer('x'));
      assert.ok(error instanceof CriError);
      assert.deepEqual([error.code, error.call, error.message], [code, 'StartContainer', details]);
      assert.ok(error.cause instanceof Error);
    });
  }
});

test('what is thrown on the way is a CriError too', () => {
  const cause = new TypeError('x is not a function');
  const error = toCriError('Status', cause);
  assert.deepEqual(
    [error.code, error.call, error.message, error.cause],
    ['other', 'Status', 'x is not a function', cause],
  );
  assert.equal(toCriError('Status', 'text').message, 'text');
  assert.equal(toCriError('Other', error), error);
});

test('a request that does not fit its message fails as a CriError', async (t) => {
  const server = await serve(t, `${await socketDir(t)}/s`, {});
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: createClock() });
  t.after(() => client.close());
  const command = 'not a list' as unknown as string[];
  await assert.rejects(client.cri.execSync('c', command, 1), { name: 'CriError', code: 'other', call: 'ExecSync' });
  assert.equal(server.calls.length, 0);
});
