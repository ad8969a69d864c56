/** Providers that read a disc of the hypervisor, and the ones whose program or socket says it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Machine } from '../../src/metadata/machine.ts';
import type { Provider } from '../../src/metadata/provider.ts';
import { shellVariables } from '../../src/metadata/providers/opennebula.ts';
import { PROVIDERS } from '../../src/metadata/providers.ts';
import { Service } from '../../src/metadata/service.ts';
import { CLOUDS } from './clouds.ts';
import { testEnv } from './env.ts';
import { device, type MachineFiles, makeMachine } from './machine.ts';
import { DISCS, imageBytes, USER_DATA } from './media/images.ts';
import { byPath, metadataServer } from './server.ts';

const named = (name: string) => PROVIDERS.find((one) => one.name === name) as Provider;

async function fetched(provider: string, machine: Machine, bases: string[] = []) {
  const [env, { signal }] = [testEnv(), new AbortController()];
  const { payloads, ...rest } = await named(provider).fetch({
    machine,
    service: new Service(bases, env, signal),
    env,
    signal,
  });
  const list = payloads.map(({ name, bytes, base64 }) => [name, Buffer.from(bytes).toString(), base64 ?? false]);
  return { payloads: list, ...rest };
}

const base64 = Buffer.from(USER_DATA).toString('base64');

const CASES: [provider: string, disc: (typeof DISCS)[number], reason: RegExp, expected: object][] = [
  [
    'ovf',
    'ovf.iso',
    /^\/dev\/sr0 has ovf-env\.xml with user-data$/,
    {
      payloads: [['ovf-env.xml user-data', base64, true]],
      instanceId: 'WebTier',
      attributes: { instance_id: 'WebTier', hostname: 'web & more' },
    },
  ],
  [
    'opennebula',
    'context.iso',
    /^\/dev\/sr0 has context\.sh$/,
    {
      payloads: [['USER_DATA', base64, true]],
      instanceId: '42',
      attributes: { instance_id: '42', hostname: 'web-1', private_ipv4: '192.168.122.5' },
    },
  ],
  [
    'configdrive',
    'dated.iso',
    /sr0 has the label config-2/,
    {
      payloads: [['user_data', USER_DATA, false]],
      instanceId: 'u-1',
      attributes: { instance_id: 'u-1', zone: 'nova', instance_type: 'm1.small', private_ipv4: '10.0.0.7' },
    },
  ],
];

for (const [provider, disc, reason, expected] of CASES) {
  test(`${provider} reads ${disc}`, async (t) => {
    const machine = await makeMachine(t, { files: device('sr0', imageBytes(disc)) });
    assert.match((await named(provider).detect(machine)) ?? '', reason);
    assert.deepEqual(await fetched(provider, machine), expected);
  });
}

test('a medium with the label ROWER gives its manifests as one', async (t) => {
  const machine = await makeMachine(t, { files: device('vdb', imageBytes('rower.iso')) });
  assert.equal(await named('medium').detect(machine), '/dev/vdb has the label ROWER');
  const { payloads } = await fetched('medium', machine);
  assert.deepEqual(
    [...String(payloads[0]?.[1]).matchAll(/filename="(.*)"/g)].map((match) => match[1]),
    ['a.yaml', 'b.yml'],
  );
});

test('no disc of another is taken for one of its own', async (t) => {
  for (const disc of DISCS) {
    const machine = await makeMachine(t, { files: device('sr0', imageBytes(disc)) });
    const found = [];
    for (const { name, detect } of PROVIDERS) if ((await detect(machine)) !== undefined) found.push(name);
    const expected = {
      'ovf.iso': ['ovf'],
      'context.iso': ['opennebula'],
      'rower.iso': ['medium'],
      'dated.iso': ['configdrive'],
    };
    assert.deepEqual(found, (expected as Record<string, string[]>)[disc] ?? [], disc);
  }
});

const KEPT = '/var/lib/waagent';
const AZURE: [what: string, files: MachineFiles['files'], expected: string | undefined][] = [
  ['the provisioning disc, in the XML', device('sr0', imageBytes('azure.img')), USER_DATA],
  ['the provisioning disc, in CustomData.bin', device('sr0', imageBytes('azure-bin.iso')), USER_DATA],
  ['what the agent kept', { [`${KEPT}/CustomData`]: USER_DATA }, USER_DATA],
  [
    'the environment that the agent kept',
    {
      [`${KEPT}/ovf-env.xml`]: `<wa xmlns="http://schemas.microsoft.com/windowsazure"><CustomData>${base64}</CustomData></wa>`,
    },
    USER_DATA,
  ],
  ['nothing', {}, undefined],
];

for (const [what, files = {}, expected] of AZURE) {
  test(`azure: without userData the custom data is read from ${what}`, async (t) => {
    const { answers = {}, userData } = CLOUDS.azure ?? assert.fail();
    const { base } = await metadataServer(t, byPath({ ...answers, ...userData('') }));
    const { payloads } = await fetched('azure', await makeMachine(t, { files }), [base]);
    assert.deepEqual(payloads, expected === undefined ? [] : [['customData', expected, false]]);
  });
}

test('azure: userData goes before the disc', async (t) => {
  const { answers = {}, userData } = CLOUDS.azure ?? assert.fail();
  const { base } = await metadataServer(t, byPath({ ...answers, ...userData('eA==') }));
  const machine = await makeMachine(t, { files: device('sr0', imageBytes('azure.img')) });
  assert.deepEqual((await fetched('azure', machine, [base])).payloads, [['userData', 'eA==', true]]);
});

test('vmware: user-data in the OVF environment comes after guestinfo', async (t) => {
  const environment = `<Environment><Property oe:key="user-data" oe:value="${base64}"/><Property oe:key="hostname" oe:value="h"/></Environment>`;
  const machine = await makeMachine(t, {
    environment: { VMX_GUESTINFO_USERDATA: 'g', VMX_GUESTINFO_OVFENV: environment },
  });
  const { payloads, attributes } = await fetched('vmware', machine);
  assert.deepEqual(payloads, [
    ['guestinfo.userdata', 'g', false],
    ['guestinfo.ovfEnv ovf-env.xml user-data', base64, true],
  ]);
  assert.deepEqual(attributes, { hostname: 'h' });
});

test('virtualbox: the value of the property is the manifest, and a property that is not set is none', async (t) => {
  const machine = await makeMachine(t, { dmi: { product_name: 'VirtualBox\n' } });
  assert.equal(await named('virtualbox').detect(machine), 'product_name is "VirtualBox"');
  const answering = (output: string) => ({ ...machine, run: async () => output });
  assert.deepEqual((await fetched('virtualbox', answering(`Value: ${USER_DATA}`))).payloads, [
    ['/Rower/Config', USER_DATA, false],
  ]);
  assert.deepEqual((await fetched('virtualbox', answering('No value set!\n'))).payloads, []);
});

test('opennebula: variables are read and never run, whatever else stands there', () => {
  const text =
    "A='it'\\''s'\nexport B=\"x \\\"y\\\" \\$z\"\nC=plain\nD=$(touch /tmp/never)\nE='two\nlines'\nrm -rf /\nF='open";
  assert.deepEqual(Object.fromEntries(shellVariables(text)), { A: "it's", B: 'x "y" $z', C: 'plain', E: 'two\nlines' });
});

test('nocloud: firmware strings stand in a seed URL', async (t) => {
  const { base, asked } = await metadataServer(t, byPath({ '/a%20b/user-data': USER_DATA }));
  const dmi = { chassis_serial: 'a b' };
  const seed = (name: string) => `ds=nocloud;s=${base}/__dmi.${name}__/`;
  const machine = await makeMachine(t, { dmi, commandLine: seed('chassis-serial-number') });
  assert.equal((await fetched('nocloud', machine)).payloads[0]?.[1], USER_DATA);
  assert.equal(asked[0], 'GET /a%20b/user-data');
  await assert.rejects(
    fetched('nocloud', await makeMachine(t, { commandLine: seed('nothing') })),
    /__dmi\.nothing__ .* names no firmware string/,
  );
});

const LEASES: [path: string, content: string][] = [
  ['/run/systemd/netif/leases/2', 'ADDRESS=10.1.0.9\nSERVER_ADDRESS=10.1.0.1\n'],
  ['/var/lib/NetworkManager/internal-x-eth0.lease', 'SERVER_ADDRESS=10.1.0.1\n'],
  [
    '/var/lib/dhcp/dhclient.eth0.leases',
    'lease {\n  option dhcp-server-identifier 10.9.9.9;\n}\nlease {\n  option dhcp-server-identifier 10.1.0.1;\n}\n',
  ],
  ['/proc/net/route', 'Iface\tDestination\tGateway\nens3\t00000000\t0100010A\t0003\n'],
];

for (const [path, content] of LEASES) {
  test(`cloudstack: the virtual router is found in ${path}`, async (t) => {
    const machine = await makeMachine(t, { files: { [path]: content } });
    assert.deepEqual(await named('cloudstack').bases?.(machine), ['http://data-server', 'http://10.1.0.1']);
  });
}
