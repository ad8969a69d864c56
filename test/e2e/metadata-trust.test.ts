/** An agent that takes signed manifests only, with keys and an identity in an /etc of its own. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { without } from '../metadata/programs.ts';
import { createAgent, manifest, ROWER, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';

const why = skip || without('age') || without('ssh-keygen');

describe('an agent that takes signed manifests only', { skip: why }, () => {
  const machine = useMachine();

  it('runs what is signed, and neither what was changed nor what is older', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rower-trust-'));
    const at = (name: string) => join(directory, name);
    mkdirSync(at('trust'));
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', at('id')]);
    writeFileSync(
      at('trust/allowed_signers'),
      `ops@example.org namespaces="rower.manifest" ${readFileSync(at('id.pub'))}`,
    );
    execFileSync('age-keygen', ['-o', at('trust/age.key')], { stdio: 'pipe' });
    chmodSync(at('trust/age.key'), 0o600);
    const recipient = execFileSync('age-keygen', ['-y', at('trust/age.key')], { encoding: 'utf8' }).trim();
    const encrypt = (text: string) => execFileSync('age', ['-a', '-r', recipient], { input: text, encoding: 'utf8' });

    const given = at('user-data');
    const give = (content: string) => {
      writeFileSync(`${given}.new`, content);
      renameSync(`${given}.new`, given);
    };
    const sign = (content: string) => {
      writeFileSync(at('manifest'), content);
      return execFileSync(ROWER, ['sign', '--key', at('id'), at('manifest')], { encoding: 'utf8' });
    };
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {WORD: swordfish}\n';
    const pod = (serial: number, name: string) =>
      `#rower: serial=${serial} onMissing=remove\n${manifest(name, {
        containers: [sleeper({ envFrom: [{ secretRef: { name: 's' } }] })],
      })}\n---\n${encrypt(secret)}`;

    give(sign(pod(2, 'one')));
    // What is mounted in it is seen by nobody else, and gone with it.
    const etc = mkdtempSync(join(tmpdir(), 'rower-etc-'));
    const script = [
      `mount -t tmpfs tmpfs ${etc}`,
      `mkdir -p ${etc}/upper/rower ${etc}/work`,
      `cp -a ${at('trust')} ${etc}/upper/rower/trust`,
      `mount -t overlay overlay -o lowerdir=/etc,upperdir=${etc}/upper,workdir=${etc}/work /etc`,
      'exec "$0" "$@"',
    ].join(' && ');
    const agent = await createAgent(
      machine.containerd,
      ['--metadata', `file=${given}`, '--metadata-trust', 'require'],
      '',
      ['unshare', '--mount', 'sh', '-c', script, ROWER],
    );
    machine.cleanUps.push(async () => {
      rmSync(given, { force: true });
      await agent.dispose();
      for (const made of [directory, etc]) rmSync(made, { recursive: true, force: true });
    });
    const events = async () => (await agent.get('/api/v1/events')).body;
    await agent.start();
    const first = await agent.until('the signed Pod', running('one'));
    await waitFor('who signed it', async () => (await events()).includes('signed by ops@example.org'));
    const { stdout } = await machine.client.cri.execSync(
      (first.containerID ?? '').replace('containerd://', ''),
      ['/bin/busybox', 'sh', '-c', 'echo $WORD'],
      10,
    );
    assert.equal(Buffer.from(stdout).toString(), 'swordfish\n');

    give(sign(pod(3, 'other')).replace('"other"', '"another"'));
    await waitFor('the refusal', async () => (await events()).includes('the signature is not of this content'));
    give(sign(pod(1, 'one')));
    await waitFor('the refusal', async () => /Pod default\/one has the serial 1, and 2 was taken/.test(await events()));
    await agent.kill9();
    await agent.start();
    assert.equal((await agent.until('the same Pod', running('one'))).containerID, first.containerID);
    assert.doesNotMatch(agent.log() + (await events()), /swordfish/);

    give(sign(pod(3, 'two')));
    await agent.until('the new Pod', running('two'));
    await agent.until('the end of the old one', (pods) => statusOf(pods, 'one').pod === undefined);
  });
});
