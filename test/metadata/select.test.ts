import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detect, parseSelection } from '../../src/metadata/select.ts';
import { device, makeMachine } from './machine.ts';
import { MACHINES } from './machines.ts';
import { imageBytes } from './media/images.ts';

for (const [what, [files, expected]] of Object.entries(MACHINES)) {
  test(`${what} is ${expected ?? 'no machine of any cloud'}`, async (t) => {
    const { chosen, checks } = await detect(parseSelection('auto'), await makeMachine(t, files));
    assert.equal(chosen?.provider.name, expected);
    assert.equal(checks.filter(({ reason }) => reason !== undefined).length > 0, expected !== undefined);
  });
}

test('none asks nothing, and what was named outright is taken', async (t) => {
  const machine = await makeMachine(t);
  assert.deepEqual(await detect(parseSelection('none'), machine), { checks: [] });
  const { chosen } = await detect(parseSelection('file=/a=b'), machine);
  assert.deepEqual([chosen?.provider.name, chosen?.argument], ['file', '/a=b']);
});

test('of several names the first that fits is taken, or else the first', async (t) => {
  const google = await makeMachine(t, { dmi: { product_name: 'Google' } });
  const select = async (text: string, machine = google) =>
    (await detect(parseSelection(text), machine)).chosen?.provider.name;
  assert.equal(await select('ec2,gce'), 'gce');
  assert.equal(await select('ec2,azure'), 'ec2');
  assert.equal(await select('ec2,url=https://h/x'), 'url');
});

test('an unknown name is refused with the nearest one', () => {
  assert.throws(() => parseSelection('hetzne'), {
    name: 'SelectionError',
    message: /there is no metadata provider "hetzne"; did you mean hetzner\?; there are auto, none, file/,
  });
});

test('a medium that is damaged is no medium, and the next provider is looked at', async (t) => {
  const whole = imageBytes('rr.iso');
  const label = Buffer.from(whole);
  // The root directory is said to be longer than any may be.
  label.writeUInt32LE(0x7fffffff, 16 * 2048 + 156 + 10);
  label.write('cidata  ', 16 * 2048 + 40);
  const machine = await makeMachine(t, { dmi: { sys_vendor: 'Hetzner' }, files: device('sr0', label) });
  const { chosen } = await detect(parseSelection('nocloud,hetzner'), machine);
  assert.equal(chosen?.provider.name, 'hetzner');
});
