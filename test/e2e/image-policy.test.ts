import assert from 'node:assert/strict';
import { sign as cryptoSign, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { type BuiltImage, buildImages, busyboxImage, imageArchive } from '../../hack/images.ts';
import { type Registry, startRegistry } from '../../hack/registry.ts';
import { imageSignature, signatureTag } from '../../hack/sign-image.ts';
import type { Pod } from '../../src/kubelet/types.ts';
import { type Agent, createAgent, manifest, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const waiting = (name: string, reason: string) => (pods: Pod[]) => {
  const state = statusOf(pods, name).container?.state?.waiting;
  return state?.reason === reason && state;
};
const pod = (name: string, image: string, change: object = {}) =>
  manifest(name, { containers: [sleeper({ image, ...change })] });
const built = (name: string): BuiltImage =>
  buildImages([{ ...busyboxImage(name), labels: { name } }])[0] ?? assert.fail('an image');

describe('an image policy on containerd', { skip }, () => {
  const machine = useMachine();
  let agent: Agent;
  let registry: Registry;
  let policyFile: string;
  const sign = (name: string, { digest }: BuiltImage) =>
    registry.push(imageSignature(digest, privateKey), signatureTag(name, digest));

  before(async () => {
    registry = await startRegistry();
    machine.cleanUps.push(() => registry.stop());
    const trust = join(machine.dir, 'trust');
    mkdirSync(join(trust, 'cosign'), { recursive: true });
    writeFileSync(join(trust, 'cosign/ci.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    policyFile = join(trust, 'images.yaml');
    writeFileSync(
      policyFile,
      `apiVersion: rower.dev/v1alpha1
kind: ImagePolicy
registryConfigPath: ${join(machine.containerd.dir, 'certs.d')}
images:
- matchImages: ["mirrored.example", "localhost/signed"]
  cosignKeys: [ci.pub]
- matchImages: ["${registry.host}/signed"]
  cosignKeys: [ci.pub]
- matchImages: ["${registry.host}/pinned"]
  require: digest
- matchImages: ["${registry.host}/none"]
  require: reject
`,
    );
    agent = await createAgent(machine.containerd, ['--image-policy', policyFile]);
    machine.cleanUps.push(() => agent.dispose());
    await agent.start();
  });

  it('lets a signed image run, and again without its registry', async () => {
    const image = built('signed');
    await registry.push(image, 'signed/app:1');
    await sign('signed/app', image);
    const name = `${registry.host}/signed/app:1`;
    agent.write('signed.yaml', pod('signed', name));
    await agent.until('it to run', running('signed'));
    await agent.kill9();
    await agent.start();
    agent.write('again.yaml', pod('again', name, { imagePullPolicy: 'IfNotPresent' }));
    await agent.until('another of that image to run', running('again'));
    const { body } = await agent.get('/api/v1/events');
    assert.doesNotMatch(body, new RegExp(`Pulling image .${name}`), 'it was here');
  });

  it('keeps an unsigned image from running until it is signed', async () => {
    const image = built('late');
    await registry.push(image, 'signed/late:1');
    agent.write('late.yaml', pod('late', `${registry.host}/signed/late:1`));
    const state = await agent.until('the refusal', waiting('late', 'SignatureValidationFailed'));
    assert.match(
      state.message ?? '',
      /because the signature validation failed: sha256:\w+ has no signature in its registry/,
    );
    assert.equal(
      await machine.client.cri.imageStatus(`${registry.host}/signed/late:1`),
      undefined,
      'it was not pulled',
    );
    await sign('signed/late', image);
    await agent.until('it to run', running('late'));
  });

  it('counts an image that came by another way as absent', async () => {
    const name = `${registry.host}/signed/stray:1`;
    await registry.push(built('stray'), 'signed/stray:1');
    await machine.client.cri.pullImage(name, undefined, undefined);
    agent.write('stray.yaml', pod('stray', name, { imagePullPolicy: 'IfNotPresent' }));
    const state = await agent.until('the refusal', waiting('stray', 'SignatureValidationFailed'));
    assert.match(state.message ?? '', /has no signature/);
    agent.remove('stray.yaml');
  });

  it('wants digests, and refuses what it refuses, in events too', async () => {
    const image = built('pinned');
    await registry.push(image, 'pinned/app:1');
    agent.write('tag.yaml', pod('tag', `${registry.host}/pinned/app:1`));
    agent.write('pin.yaml', pod('pin', `${registry.host}/pinned/app@${image.digest}`));
    agent.write('none.yaml', pod('none', `${registry.host}/none/app:1`));
    await agent.until('the pinned one to run', running('pin'));
    const tag = await agent.until('the refusal', waiting('tag', 'SignatureValidationFailed'));
    assert.match(tag.message ?? '', /images\.yaml wants images of \S+\/pinned\/app by digest: NAME@sha256:…/);
    const none = await agent.until('the refusal', waiting('none', 'SignatureValidationFailed'));
    assert.match(none.message ?? '', /images\.yaml allows no image of/);
    await waitFor('events', async () =>
      (await agent.get('/api/v1/events')).body.includes('Error: SignatureValidationFailed'),
    );
  });

  it('finds the signature at the mirror from which containerd pulls', async () => {
    const hosts = join(machine.containerd.dir, 'certs.d/mirrored.example');
    mkdirSync(hosts, { recursive: true });
    writeFileSync(join(hosts, 'hosts.toml'), `[host."http://${registry.host}"]\ncapabilities = ["pull", "resolve"]\n`);
    const image = built('mirrored');
    await registry.push(image, 'team/mirrored:1');
    await sign('team/mirrored', image);
    agent.write('mirrored.yaml', pod('mirrored', 'mirrored.example/team/mirrored:1'));
    await agent.until('it to run', running('mirrored'));
  });

  it('lets an image of a signed archive run, and not one of another', async () => {
    const put = (name: string, signature: boolean) => {
      const archive = imageArchive([{ ...built(name), name: `localhost/signed/${name}:1` }]);
      const images = join(agent.dir, 'root/images');
      if (signature)
        writeFileSync(join(images, `${name}.tar.sig`), cryptoSign('sha256', archive, privateKey).toString('base64'));
      writeFileSync(join(images, `${name}.tar`), archive);
      agent.write(`${name}.yaml`, pod(name, `localhost/signed/${name}:1`, { imagePullPolicy: 'Never' }));
    };
    put('packed', true);
    await agent.until('it to run', running('packed'));
    put('loose', false);
    await agent.until('the refusal', waiting('loose', 'ErrImageNeverPull'));
    await waitFor('the import', async () => agent.log().includes('counts as absent: its signature was not verified'));
  });

  it('is read again with SIGHUP, unless it has a mistake, and counts what it refuses', async () => {
    const counted = async () =>
      /^rower_image_policy_refusals_total\{requirement="reject"\} [1-9]/m.test((await agent.get('/metrics')).body);
    assert.ok(await counted());
    await agent.until('it to be refused still', waiting('none', 'SignatureValidationFailed'));
    await registry.push(built('none'), 'none/app:1');
    const policy = readFileSync(policyFile, 'utf8');
    writeFileSync(policyFile, policy.replace('require: reject', 'require: rejects'));
    agent.reload('');
    await waitFor('the mistake to be told', async () =>
      /images\[3\]\.require: must be one of/.test((await agent.get('/api/v1/events')).body),
    );
    writeFileSync(policyFile, policy.replace('require: reject', 'require: nothing'));
    agent.reload('');
    await agent.until('it to run', running('none'));
  });
});
