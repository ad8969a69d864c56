/** Mirrors, certificates and headers of `hosts.toml`, with servers that insist on them. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import { RegistryError, registryOf } from '../../../src/kubelet/images/registry.ts';
import { type RegistryHost, readRegistryHosts } from '../../../src/kubelet/images/registry-hosts.ts';
import { selfSigned } from '../../probes/certificate.ts';
import { temporaryDirectory } from '../temporary.ts';

const ADA = { username: 'ada', password: 'open' };

/** `files`: name below the root of the configuration → content. */
async function configured(t: TestContext, files: Record<string, string>): Promise<string> {
  const root = await temporaryDirectory(t);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(root, name, '..'), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

const bases = (hosts: RegistryHost[]) => hosts.map(({ base }) => base);
const HOSTS = `# by hand
server = "https://own.example"

[host."https://one.example:5000"]
  capabilities = ["pull", "Resolve"]
[host."two.example/cache/"]
  capabilities = ["pull"]
[host."http://three.example/v2/proxy"]
  override_path = true
  skip_verify = true
  [host."http://three.example/v2/proxy".header]
    x-key = "a"
    X-More = ["b", "c"]
`;

test('hosts are asked in the order of the file, the registry itself last', async (t) => {
  const root = await configured(t, { 'r.example/hosts.toml': HOSTS });
  const hosts = await readRegistryHosts('r.example/team/app:1', root);
  assert.deepEqual(bases(hosts), [
    'https://one.example:5000/v2',
    'https://two.example/cache/v2',
    'http://three.example/v2/proxy',
    'https://own.example/v2',
  ]);
  assert.deepEqual(
    hosts.map(({ resolves, pulls }) => [resolves, pulls]),
    [
      [true, true],
      [false, true],
      [true, true],
      [true, true],
    ],
  );
  assert.deepEqual(hosts[2]?.headers, { 'x-key': ['a'], 'x-more': ['b', 'c'] });
  assert.equal(hosts[2]?.skipVerify, true);
});

const FOUND: [what: string, image: string, files: Record<string, string>, expected: string[]][] = [
  ['nothing', 'r.example/a', {}, ['https://r.example/v2']],
  ['nothing, of Docker', 'busybox', {}, ['https://registry-1.docker.io/v2']],
  ['nothing, on loopback', '127.0.0.1:5000/a', {}, ['http://127.0.0.1:5000/v2']],
  ['a name with a port', 'r.example:5000/a', { 'r.example:5000/hosts.toml': 'server="https://x"' }, ['https://x/v2']],
  [
    'the other form of it',
    'r.example:5000/a',
    { 'r.example_5000_/hosts.toml': 'server="https://x"' },
    ['https://x/v2'],
  ],
  [
    'the default',
    'r.example/a',
    { '_default/hosts.toml': '[host."https://m"]' },
    ['https://m/v2', 'https://r.example/v2'],
  ],
  [
    'its own before the default',
    'r.example/a',
    { '_default/hosts.toml': '[host."https://m"]', 'r.example/hosts.toml': '' },
    ['https://r.example/v2'],
  ],
  [
    'a server of no use',
    'r.example/a',
    { 'r.example/hosts.toml': 'capabilities = ["push"]' },
    ['https://r.example/v2'],
  ],
];
for (const [what, image, files, expected] of FOUND)
  test(`what is found with ${what}`, async (t) => {
    const root = await configured(t, files);
    assert.deepEqual(bases(await readRegistryHosts(image, root)), expected);
    assert.deepEqual(bases(await readRegistryHosts(image, `/nowhere:${root}`)), expected, 'in the second directory');
  });

const WRONG: [string, RegExp][] = [
  ['server = ', /r\.example\/hosts\.toml: line 1, column 10: invalid value$/],
  ['host = 5', /hosts\.toml: host must be tables/],
  ['[host]\nx = 1', /host\.x must be a table/],
  ['server = "http://:"', /http:\/\/:: this is no URL/],
  ['server = "httpx://a"', /must be https or http/],
  ['ca = "none.pem"', /r\.example\/none\.pem: .*(?:ENOENT|no such file)/],
  ['client = 5', /client must be a file, or pairs/],
];
for (const [text, message] of WRONG)
  test(`refused with its place: ${text}`, async (t) => {
    const root = await configured(t, { 'r.example/hosts.toml': text });
    await assert.rejects(readRegistryHosts('r.example/a', root), { message });
  });

async function listening(t: TestContext, server: http.Server | https.Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  t.after(() => server.close());
  return `localhost:${(server.address() as AddressInfo).port}`;
}

/** Answers what is asked of it by path, and remembers. */
function serving(answers: Record<string, string | number>): { asked: IncomingMessage[]; listener: RequestListener } {
  const asked: IncomingMessage[] = [];
  return {
    asked,
    listener: (request, response) => {
      asked.push(request);
      const answer = answers[(request.url ?? '').replace(/\?.*/, '')] ?? 404;
      if (typeof answer === 'number') response.writeHead(answer).end();
      else response.end(answer);
    },
  };
}

async function registryAt(image: string, root: string) {
  const hosts = await readRegistryHosts(image, root);
  return registryOf(image, [ADA], { env: realEnv(), signal: new AbortController().signal, hosts });
}

test('a mirror is asked first, with its authority, its headers and our certificate, and told whose images it is', async (t) => {
  const [server, client] = [selfSigned('localhost'), selfSigned('machine')];
  const mirror = serving({ '/cache/v2/team/app/manifests/1': 'of the mirror' });
  const options = { ...server, requestCert: true, rejectUnauthorized: true, ca: client.cert };
  const host = await listening(t, https.createServer(options, mirror.listener));
  const own = serving({ '/v2/team/app/manifests/1': 'of its own', '/v2/team/app/manifests/2': 'two' });
  const ownHost = await listening(t, http.createServer(own.listener));
  const root = await configured(t, {
    'r.example/hosts.toml': `server = "http://${ownHost}"
[host."https://${host}/cache"]
ca = ["mirror.pem"]
client = [["machine.pem", "machine.key"]]
header = { x-key = "k" }
`,
    'r.example/mirror.pem': server.cert,
    'r.example/machine.pem': client.cert,
    'r.example/machine.key': client.key,
  });
  const registry = await registryAt('r.example/team/app:1', root);
  const text = async (tag: string) => Buffer.from((await registry.manifest(tag)) ?? []).toString();
  assert.equal(await text('1'), 'of the mirror');
  assert.equal(mirror.asked[0]?.url, '/cache/v2/team/app/manifests/1?ns=r.example');
  assert.equal(mirror.asked[0]?.headers['x-key'], 'k');
  assert.equal(own.asked.length, 0);
  assert.equal(await text('2'), 'two', 'what it does not have');
  assert.equal(own.asked[0]?.headers['x-key'], undefined);
  assert.equal(await registry.manifest('3'), undefined);
});

test('a mirror that cannot be trusted or does not work is passed over, and named when nothing is left', async (t) => {
  const host = await listening(t, https.createServer(selfSigned('localhost'), serving({}).listener));
  const own = serving({ '/v2/a/manifests/1': 'x', '/v2/a/manifests/2': 500 });
  const ownHost = await listening(t, http.createServer(own.listener));
  const root = await configured(t, {
    'r.example/hosts.toml': `server = "http://${ownHost}"\n[host."https://${host}"]`,
  });
  const registry = await registryAt('r.example/a', root);
  assert.equal(Buffer.from((await registry.manifest('1')) ?? []).toString(), 'x');
  await assert.rejects(registry.manifest('2'), (error) => {
    assert.ok(error instanceof RegistryError);
    assert.match(
      error.message,
      new RegExp(
        `^${host}: self-signed certificate \\(its authority can be named in hosts\\.toml\\); ${ownHost}: .* status 500$`,
      ),
    );
    return true;
  });
  const careless = await configured(t, {
    'r.example/hosts.toml': `server = "http://${ownHost}"\n[host."https://${host}"]\nskip_verify = true`,
  });
  const asked = own.asked.length;
  assert.equal(await (await registryAt('r.example/a', careless)).manifest('none'), undefined);
  assert.equal(own.asked.length, asked + 1, 'the mirror was asked and had nothing');
});

test('tags are not looked up where only digests are served', async (t) => {
  const mirror = serving({ '/v2/a/manifests/1': 'old' });
  const host = await listening(t, http.createServer(mirror.listener));
  const own = serving({ '/v2/a/manifests/1': 'new' });
  const ownHost = await listening(t, http.createServer(own.listener));
  const root = await configured(t, {
    'r.example/hosts.toml': `server = "http://${ownHost}"\n[host."http://${host}"]\ncapabilities = ["pull"]`,
  });
  const registry = await registryAt('r.example/a', root);
  assert.equal(Buffer.from((await registry.manifest('1')) ?? []).toString(), 'new');
  assert.deepEqual(mirror.asked, []);
});

test("certificates in Docker's form are used too", async (t) => {
  const [server, client] = [selfSigned('localhost'), selfSigned('machine')];
  const { listener } = serving({ '/v2/a/manifests/1': 'x' });
  const options = { ...server, requestCert: true, rejectUnauthorized: true, ca: client.cert };
  const host = await listening(t, https.createServer(options, listener));
  const files = { 'ca.crt': server.cert, 'machine.cert': client.cert, 'machine.key': client.key };
  const root = await configured(
    t,
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`r.example/${name}`, text])),
  );
  const [found] = await readRegistryHosts('r.example/a', root);
  assert.ok(found);
  const hosts = [{ ...found, base: `https://${host}/v2` }];
  const registry = registryOf('r.example/a', [], { env: realEnv(), signal: new AbortController().signal, hosts });
  assert.equal(Buffer.from((await registry.manifest('1')) ?? []).toString(), 'x');
  const alone = await configured(t, { 'r.example/machine.cert': client.cert });
  await assert.rejects(readRegistryHosts('r.example/a', alone), /machine\.cert has no key machine\.key beside it/);
});
