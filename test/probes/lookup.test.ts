import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { probeLookup } from '../../src/probes/lookup.ts';

const ask = (name: string, all: boolean) =>
  new Promise((resolve) =>
    probeLookup()(name, { all }, (error, address, family) =>
      resolve(error ? error.code : all ? address : [address, family]),
    ),
  );

describe('probeLookup', () => {
  it('knows this machine without asking anybody', async () => {
    assert.deepEqual(await ask('localhost', false), ['127.0.0.1', 4]);
    assert.deepEqual(await ask('localhost', true), [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]);
  });

  it('gives one answer to each of many who ask for one name at a time', async () => {
    const lookup = probeLookup();
    const answers = Array.from(
      { length: 50 },
      () => new Promise((resolve) => lookup('nowhere.invalid', { all: true }, (error) => resolve(error?.syscall))),
    );
    assert.deepEqual(await Promise.all(answers), Array(50).fill('getaddrinfo'));
  });
});
