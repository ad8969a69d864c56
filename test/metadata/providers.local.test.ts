/** Providers that ask no network: media, files, channels of the hypervisor. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Fetched, Provider } from '../../src/metadata/provider.ts';
import { PROVIDERS } from '../../src/metadata/providers.ts';
import { Service } from '../../src/metadata/service.ts';
import { testEnv } from './env.ts';
import { device, type MachineFiles, makeMachine } from './machine.ts';
import { imageBytes, USER_DATA } from './media/images.ts';
import { byPath, metadataServer } from './server.ts';

const SEED = '/var/lib/cloud/seed/nocloud';

interface Case {
  provider: string;
  given: MachineFiles;
  argument?: string;
  /** Why it is found; absent: only when it is named. */
  reason?: RegExp;
  payloads: [name: string, content: string | Uint8Array, base64?: boolean][];
  attributes?: Record<string, string>;
  instanceId?: string;
}

/** An SMBIOS structure of type 11 with these strings. */
function oemStrings(...strings: string[]): Buffer {
  return Buffer.concat([Buffer.from([11, 5, 0, 0, strings.length]), Buffer.from(`${strings.join('\0')}\0\0`)]);
}

function kvpRecords(records: Record<string, string>): Buffer {
  return Buffer.concat(
    Object.entries(records).map(([key, value]) => {
      const record = Buffer.alloc(512 + 2048);
      record.write(key, 0);
      record.write(value, 512);
      return record;
    }),
  );
}

const V1 = {
  v1: { cloud_name: 'aws', instance_id: 'i-1', region: 'r', availability_zone: 'z', local_hostname: 'h' },
  ds: { meta_data: { tags: { role: 'web' } } },
};

const CASES: Record<string, Case> = {
  'a cidata disc': {
    provider: 'nocloud',
    given: { files: { ...device('sda', Buffer.alloc(4096)), ...device('sr0', imageBytes('rr-joliet.iso')) } },
    reason: /^\/dev\/sr0 has the label cidata$/,
    payloads: [['user-data', USER_DATA]],
    instanceId: 'i-1',
    attributes: { instance_id: 'i-1', hostname: 'h' },
  },
  'a CIDATA disk with FAT16': {
    provider: 'nocloud',
    given: { files: device('vdb', imageBytes('fat16.img')) },
    reason: /vdb has the label cidata/,
    payloads: [['user-data', USER_DATA]],
    instanceId: 'i-1',
    attributes: { instance_id: 'i-1', hostname: 'h' },
  },
  'a seed directory with vendor data': {
    provider: 'nocloud',
    given: {
      files: {
        [`${SEED}/user-data`]: '#cloud-config\n',
        [`${SEED}/vendor-data`]: USER_DATA,
        [`${SEED}/meta-data`]: '',
      },
    },
    reason: /seed\/nocloud\/user-data is there/,
    payloads: [
      ['user-data', '#cloud-config\n'],
      ['vendor-data', USER_DATA],
    ],
  },
  'a config drive without meta_data.json, as CoreOS made them': {
    provider: 'configdrive',
    given: { files: device('sr0', imageBytes('rr.iso')) },
    reason: /sr0 has the label config-2/,
    payloads: [['user_data', USER_DATA]],
  },
  'a config drive on a disk with FAT32': {
    provider: 'configdrive',
    given: { files: device('vdb', imageBytes('fat32.img')) },
    reason: /vdb has the label config-2/,
    payloads: [['user_data', USER_DATA]],
  },
  'a config drive that is mounted': {
    provider: 'configdrive',
    given: {
      files: {
        '/media/config-2/openstack/latest/user_data': USER_DATA,
        '/media/config-2/openstack/latest/meta_data.json': '{"uuid":"u","launch_index":2,"meta":{"role":"web"}}',
      },
    },
    reason: /\/media\/config-2\/openstack is there/,
    payloads: [['user_data', USER_DATA]],
    instanceId: 'u',
    attributes: { instance_id: 'u', 'tags.role': 'web' },
  },
  'a systemd credential': {
    provider: 'systemd-cred',
    given: { environment: { CREDENTIALS_DIRECTORY: '/run/creds' }, files: { '/run/creds/rower.manifest': USER_DATA } },
    reason: /credential rower\.manifest is there/,
    payloads: [['rower.manifest', USER_DATA]],
  },
  "QEMU's firmware configuration": {
    provider: 'qemu-fwcfg',
    given: { files: { '/sys/firmware/qemu_fw_cfg/by_name/opt/dev.rower/manifest/raw': gzipSync(USER_DATA) } },
    reason: /opt\/dev\.rower\/manifest is there/,
    payloads: [['rower.manifest', gzipSync(USER_DATA)]],
  },
  'an SMBIOS string': {
    provider: 'smbios11',
    given: {
      files: {
        '/sys/firmware/dmi/entries/11-0/raw': oemStrings('other', `io.systemd.credential:rower.manifest=${USER_DATA}`),
      },
    },
    reason: /SMBIOS string/,
    payloads: [['rower.manifest', USER_DATA]],
  },
  'an SMBIOS string in base64': {
    provider: 'smbios11',
    given: {
      files: { '/sys/firmware/dmi/entries/11-1/raw': oemStrings('io.systemd.credential.binary:rower.manifest=e30=') },
    },
    reason: /SMBIOS string/,
    payloads: [['rower.manifest', 'e30=', true]],
  },
  'Hyper-V key-value pairs in pieces': {
    provider: 'hyperv-kvp',
    given: {
      files: {
        '/var/lib/hyperv/.kvp_pool_0': kvpRecords({ 'rower.manifest.1': 'b', other: 'x', 'rower.manifest.0': 'a' }),
      },
    },
    reason: /the key rower\.manifest is there/,
    payloads: [['rower.manifest', 'ab']],
  },
  'VMware guestinfo': {
    provider: 'vmware',
    given: {
      dmi: { sys_vendor: 'VMware, Inc.\n' },
      environment: {
        VMX_GUESTINFO_USERDATA: gzipSync(USER_DATA).toString('base64'),
        VMX_GUESTINFO_USERDATA_ENCODING: 'gzip+base64',
        VMX_GUESTINFO_ROWER_MANIFEST: '---',
        VMX_GUESTINFO_METADATA: 'instance-id: vm-1\nlocal-hostname: h\n',
      },
    },
    reason: /sys_vendor is "VMware, Inc\."/,
    payloads: [['guestinfo.userdata', USER_DATA]],
    instanceId: 'vm-1',
    attributes: { instance_id: 'vm-1', hostname: 'h' },
  },
  'what cloud-init has fetched': {
    provider: 'cloud-init',
    given: {
      files: {
        '/run/cloud-init/result.json': '{}',
        '/run/cloud-init/instance-data-sensitive.json': JSON.stringify(V1),
        '/var/lib/cloud/instance/user-data.txt': USER_DATA,
      },
    },
    reason: /result\.json is there/,
    payloads: [['user-data.txt', USER_DATA]],
    instanceId: 'i-1',
    attributes: { instance_id: 'i-1', cloud: 'aws', region: 'r', zone: 'z', hostname: 'h', 'tags.role': 'web' },
  },
  'cloud-init without user-data': {
    provider: 'cloud-init',
    given: {
      files: {
        '/run/cloud-init/enabled': '',
        '/run/cloud-init/instance-data.json': '{}',
        '/var/lib/cloud/instance/user-data.txt': '',
      },
    },
    reason: /enabled is there/,
    payloads: [],
  },
  'a file that was named': {
    provider: 'file',
    argument: '/srv/user-data',
    given: { files: { '/srv/user-data': USER_DATA } },
    payloads: [['/srv/user-data', USER_DATA]],
  },
  'a named file that is not there': { provider: 'file', argument: '/srv/user-data', given: {}, payloads: [] },
};

async function fetchWith(t: TestContext, name: string, given: MachineFiles, argument?: string) {
  const provider = PROVIDERS.find((one) => one.name === name) as Provider;
  const machine = await makeMachine(t, given);
  const [env, { signal }] = [testEnv(), new AbortController()];
  const context = { machine, service: new Service([], env, signal), env, signal, ...(argument && { argument }) };
  return { machine, reason: await provider.detect(machine), fetching: provider.fetch(context) };
}

function shown({ payloads }: Fetched) {
  return payloads.map(({ name, bytes, base64 }) => [name, Buffer.from(bytes).toString('latin1'), base64 ?? false]);
}

for (const [what, { provider, given, argument, reason, payloads, attributes = {}, instanceId }] of Object.entries(
  CASES,
)) {
  test(`${provider} finds ${what}`, async (t) => {
    const { reason: found, fetching } = await fetchWith(t, provider, given, argument);
    const fetched = await fetching;
    if (reason) assert.match(found ?? '', reason);
    else assert.equal(found, undefined);
    const expected = payloads.map(([name, content, base64 = false]) => [
      name,
      Buffer.from(content as string).toString('latin1'),
      base64,
    ]);
    assert.deepEqual(shown(fetched), expected);
    assert.equal(fetched.instanceId, instanceId);
    assert.deepEqual(fetched.attributes, attributes);
  });
}

test('a directory that was named gives its manifests as one, without what editors leave', async (t) => {
  const files = { '/srv/pods/b.yaml': 'B', '/srv/pods/a.json': 'A', '/srv/pods/.c.yaml': 'C', '/srv/pods/d.txt': 'D' };
  const { fetching } = await fetchWith(t, 'file', { files }, '/srv/pods');
  const text = Buffer.from((await fetching).payloads[0]?.bytes ?? []).toString();
  assert.deepEqual(
    [...text.matchAll(/filename="(.*)"/g)].map((match) => match[1]),
    ['a.json', 'b.yaml'],
  );
});

for (const where of ['the serial number', 'the kernel command line']) {
  test(`nocloud follows the URL in ${where}, whose words win over meta-data`, async (t) => {
    const answers = byPath({ '/seed/user-data': USER_DATA, '/seed/meta-data': 'instance-id: other\n' });
    const { base, asked } = await metadataServer(t, answers);
    const text = `ds=nocloud-net;s=${base}/seed/;i=mine;h=host`;
    const given = where.includes('serial')
      ? { dmi: { product_serial: text } }
      : { commandLine: `quiet ${text} root=/dev/vda` };
    const { reason, fetching } = await fetchWith(t, 'nocloud', given);
    assert.ok(reason?.includes(where), reason);
    const fetched = await fetching;
    assert.equal(fetched.instanceId, 'mine');
    assert.deepEqual(fetched.attributes, { instance_id: 'mine', hostname: 'host' });
    assert.deepEqual(shown(fetched), [['user-data', USER_DATA, false]]);
    assert.deepEqual(asked, ['GET /seed/user-data', 'GET /seed/meta-data', 'GET /seed/vendor-data']);
  });
}

test('cmdline fetches its URL and holds it to its pin', async (t) => {
  const { base } = await metadataServer(t, byPath({ '/pod.yaml': USER_DATA }));
  const good = await fetchWith(t, 'cmdline', { commandLine: `rower.manifest.url=${base}/pod.yaml` });
  assert.match(good.reason ?? '', /rower\.manifest\.url= is on the kernel command line/);
  assert.deepEqual(shown(await good.fetching), [['url', USER_DATA, false]]);
  const pinned = `rower.manifest.url=${base}/pod.yaml rower.manifest.sha256=${'0'.repeat(64)}`;
  await assert.rejects(
    (await fetchWith(t, 'cmdline', { commandLine: pinned })).fetching,
    /has sha256 [0-9a-f]{64}, not 0{64}/,
  );
  const absent = await fetchWith(t, 'cmdline', { commandLine: `rower.manifest.url=${base}/none` });
  assert.deepEqual((await absent.fetching).payloads, []);
});

test('a medium that is taken out is an error, not "none"', async (t) => {
  const { machine, fetching: before } = await fetchWith(t, 'nocloud', {
    files: device('sr0', imageBytes('joliet.iso')),
  });
  assert.equal((await before).payloads.length, 1);
  await rm(machine.path('/dev/sr0'));
  const provider = PROVIDERS.find((one) => one.name === 'nocloud') as Provider;
  const [env, { signal }] = [testEnv(), new AbortController()];
  const fetching = provider.fetch({ machine, service: new Service([], env, signal), env, signal });
  await assert.rejects(fetching, { name: 'MetadataError', message: /no medium with the label cidata/ });
});

test('the password and the query of a URL are in no message', async (t) => {
  const { base } = await metadataServer(t, () => ({ status: 500 }));
  const secret = base.replace('//', '//user:hunter2@');
  const { fetching } = await fetchWith(t, 'url', {}, `${secret}/pod.yaml?token=hunter3`);
  await assert.rejects(fetching, (error: Error) => !/hunter/.test(error.message) && /status 500/.test(error.message));
});
