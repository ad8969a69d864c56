/** What is not age's, or was changed, is told and does nothing else. What real age writes is read in obtain.test.ts. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { armor, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { AGE_IDENTITY, decryptAge } from '../../src/metadata/age.ts';
import { encryptedBlocks, isEncrypted, replaceBlocks } from '../../src/metadata/ingest/age.ts';
import { makeMachine } from './machine.ts';

test('what was changed on the way decrypts to nothing', async (t) => {
  const identity = await generateIdentity();
  const machine = await makeMachine(t, { files: { [AGE_IDENTITY]: identity } });
  chmodSync(join(machine.root, AGE_IDENTITY), 0o600);
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  const cipher = await encrypter.encrypt('hunter2');
  assert.equal(Buffer.from((await decryptAge(cipher, machine)) as Uint8Array).toString(), 'hunter2');
  const armored = Buffer.from(armor.encode(cipher).trim());
  const change = fc.record({ at: fc.nat({ max: cipher.length - 1 }), flip: fc.integer({ min: 1, max: 255 }) });
  await fc.assert(
    fc.asyncProperty(change, fc.nat({ max: armored.length - 1 }), fc.uint8Array(), async ({ at, flip }, end, noise) => {
      const changed = Buffer.from(cipher);
      changed[at] = (changed[at] ?? 0) ^ flip;
      for (const bytes of [changed, armored.subarray(0, end), noise]) {
        const result = await decryptAge(bytes, machine);
        assert.equal(typeof result, 'string');
        assert.doesNotMatch(String(result), /hunter2|AGE-SECRET-KEY-1[0-9A-Z]/);
      }
    }),
    { numRuns: 50 },
  );
});

test('what has a passphrase is told that nobody can type it', async (t) => {
  const machine = await makeMachine(t, { files: { [AGE_IDENTITY]: await generateIdentity() } });
  chmodSync(join(machine.root, AGE_IDENTITY), 0o600);
  const encrypter = new Encrypter();
  encrypter.setPassphrase('x');
  encrypter.setScryptWorkFactor(2);
  const cipher = await encrypter.encrypt('hunter2');
  for (const bytes of [cipher, Buffer.from(armor.encode(cipher))])
    assert.match(String(await decryptAge(bytes, machine)), /encrypted with a passphrase, which nobody can type here/);
});

test('armored documents are found wherever they begin at the margin, and nothing else is changed', () => {
  const block = '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----';
  const piece = fc.constantFrom(block, ` ${block}`, '---', 'a: b', '-----BEGIN AGE ENCRYPTED FILE-----', 'YWdl', '');
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('\n');
      const found = encryptedBlocks(text);
      assert.equal(
        replaceBlocks(text, (one) => one),
        text,
      );
      assert.ok(found.every((one) => one === block && isEncrypted(Buffer.from(one))));
      assert.ok(found.length <= pieces.length);
    }),
  );
  assert.deepEqual(encryptedBlocks(`x: y\n---\n${block}\r\n---\n${block}`), [block, block]);
});
