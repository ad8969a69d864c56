import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { ingest, problemText } from '../../../src/metadata/ingest/ingest.ts';
import type { IngestOptions } from '../../../src/metadata/ingest/types.ts';

const OPTIONS: IngestOptions = { provider: 'ec2', nodeName: 'node', manifestDirectory: '/etc/pods' };

function pod(name = 'web', image = 'app:1'): string {
  return `apiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}\nspec:\n  containers:\n  - name: main\n    image: ${image}\n`;
}

function take(input: string | Uint8Array, options: Partial<IngestOptions> = {}) {
  return ingest(Buffer.from(input as string), { ...OPTIONS, ...options });
}

function texts(input: string | Uint8Array, options: Partial<IngestOptions> = {}): string[] {
  return take(input, options).problems.map(problemText);
}

function mime(...parts: string[]): string {
  return `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="==B=="\r\n\r\n${parts.map((part) => `--==B==\r\n${part}\r\n`).join('')}--==B==--\r\n`;
}

const base64 = (input: string | Uint8Array) => Buffer.from(input as string).toString('base64');

const SAME_POD: [string, string | Uint8Array, Partial<IngestOptions>?][] = [
  ['as it stands', pod()],
  ['with a byte order mark', `\ufeff${pod()}`],
  ['in gzip', gzipSync(pod())],
  ['in base64, which the provider says', base64(pod()), { base64: true }],
  ['in base64, which nobody says', base64(pod())],
  ['in base64 of gzip, in lines', base64(gzipSync(pod())).replace(/.{40}/g, '$&\n')],
  ['in gzip of base64 of gzip', gzipSync(base64(gzipSync(pod())))],
  ['as the only part of a message', mime(`Content-Type: text/plain\r\n\r\n${pod()}`)],
  ['in a part without headers', mime(`\r\n${pod()}`)],
  ['in a message in gzip', gzipSync(mime(`Content-Type: application/yaml\n\n${pod()}`))],
  ['in a part in base64 of gzip', mime(`Content-Transfer-Encoding: base64\n\n${base64(gzipSync(pod()))}`)],
  [
    'in a part in quoted-printable',
    mime(`Content-Transfer-Encoding: quoted-printable\n\n${pod().replace(/=/g, '=3D').replace('image', 'ima=\r\nge')}`),
  ],
  [
    'in a part of form data',
    mime(`Content-Type: text/x-rower-manifest\n\n${pod()}`).replace('multipart/mixed', 'multipart/form-data'),
  ],
  ['in a multipart in a multipart', mime(mime(`Content-Type: text/yaml\n\n${pod()}`).replaceAll('==B==', 'inner'))],
];

for (const [how, input, options] of SAME_POD) {
  test(`a Pod ${how} is taken`, () => {
    const { outcome, files, problems } = take(input, options);
    assert.deepEqual(problems, []);
    assert.equal(outcome, 'files');
    assert.equal(files.length, 1);
    assert.equal(files[0]?.pods, 1);
    assert.match(files[0]?.text.replaceAll('\r', '') ?? '', /kind: Pod\nmetadata:\n {2}name: web\n/);
  });
}

for (const input of [
  '',
  '\n \n',
  '# nothing\n',
  '---\n',
  '{}',
  '---\n# a\n---\n',
  '#cloud-config\n',
  '#cloud-config\n{}',
]) {
  test(`${JSON.stringify(input)} wants nothing, without a word`, () => {
    const { outcome, files, problems, wanted, encrypted } = take(input);
    assert.deepEqual([outcome, files, problems, wanted, encrypted], ['nothing', [], [], [], []]);
  });
}

test('several documents, a list and a ConfigMap stay one file', () => {
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    items: [JSON.parse('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"b"}}')],
  };
  const { files } = take(`${pod('a')}---\n${pod('b')}---\n${JSON.stringify(list)}\n`);
  assert.deepEqual(
    files.map(({ name, pods }) => [name, pods]),
    [['user-data.yaml', 2]],
  );
});

test('parts are files named by their file names, each once', () => {
  const part = (filename: string, name: string) =>
    `Content-Type: application/yaml\nContent-Disposition: attachment; filename="${filename}"\n\n${pod(name)}`;
  const { files } = take(
    mime(part('web.yaml', 'a'), part('../../etc/web.yml', 'b'), part('.hidden .json', 'c'), `\n${pod('d')}`),
  );
  assert.deepEqual(
    files.map(({ name }) => name),
    ['web.yaml', 'web-2.yaml', 'hidden-.yaml', 'part-4.yaml'],
  );
});

test('a part for another machine of the request is left out', () => {
  const message = mime(`Launch-Index: 1\n\n${pod('one')}`, `Launch-Index: 0\n\n${pod('zero')}`, `\n${pod('all')}`);
  const names = (launchIndex?: number) =>
    take(message, launchIndex === undefined ? {} : { launchIndex }).files.map(
      ({ text }) => /name: (\w+)/.exec(text)?.[1],
    );
  assert.deepEqual(names(), ['zero', 'all']);
  assert.deepEqual(names(1), ['one', 'all']);
});

const REFUSED: [string | Uint8Array, RegExp, Partial<IngestOptions>?][] = [
  [
    '#!/bin/sh\necho $SECRET',
    /^user-data \(provider ec2\): is a script \(first line "#!\/bin\/sh"\)\. Rower is declarative: .* Nothing was executed\.$/,
  ],
  ['#cloud-boothook\necho', /is a cloud-boothook, a script\..* Nothing was executed/],
  ['#part-handler\n', /is a part-handler/],
  ['#upstart-job\n', /is an upstart job/],
  ['## template: jinja\n#cloud-config\n', /is a jinja template/],
  ['{"ignition":{"version":"3.4.0"}}', /is an Ignition config; .*\/etc\/pods\/NAME\.yaml/],
  ['[settings.kubernetes]\nstandalone-mode = true\n', /Bottlerocket/],
  ['services:\n  web:\n    image: x\n', /is a Compose file; convert it to Kubernetes YAML/],
  ['version: "3.8"\nservices: {}\n', /Compose file/],
  ['#compose\nweb: {}\n', /Compose file/],
  ['# of my app\n\n---\nservices:\n  web: {image: x}\n', /Compose file/],
  ['# of my machine\n[settings.kubernetes]\n', /Bottlerocket/],
  ['# by butane\n{"ignition":{"version":"3.4.0"}}', /Ignition/],
  ['<powershell>\nGet-Item\n</powershell>', /Windows user-data/],
  ['rem cmd\ndir', /Windows user-data/],
  ['<!DOCTYPE html><html></html>', /HTML/],
  ['-----BEGIN AGE ENCRYPTED FILE-----\nabc\n', /encrypted with age/],
  [Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2]), /NUL byte.*7f 45 4c 46 00 00 01 02/],
  [Buffer.from('\ufeffapiVersion: v1', 'utf16le'), /UTF-16/],
  ['apiVersion: v1\nkind: Pod\nmetadata: [', /^user-data \(provider ec2\), line 3 col 12: /],
  ['just text', /a manifest is an object with apiVersion and kind, not a string/],
  [gzipSync(pod()).subarray(0, 60), /the gzip data ends early/],
  [Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(40, 7)]), /the gzip data is damaged/],
  [gzipSync(Buffer.alloc(9 * 1024 * 1024)), /unpacks to more than 8388608 bytes/],
  [gzipSync(gzipSync(gzipSync(gzipSync(pod())))), /wrapped in base64 or gzip more than 3 times/],
  [pod(), /is to be base64 and is not/, { base64: true }],
  [mime(`\n${pod()}`).replace('--==B==--', ''), /no closing boundary: it was cut off/],
  ['Content-Type: multipart/mixed\n\n', /has no boundary/],
  [mime('Content-Transfer-Encoding: uuencode\n\nx'), /Content-Transfer-Encoding "uuencode" is unknown/],
  [
    mime(`Content-Type: text/plain\n\n${pod()}`, 'Content-Type: text/x-shellscript\n\necho'),
    /^user-data \(provider ec2, part 2\): is a script/,
  ],
  [mime('Content-Type: text/x-shellscript-per-boot; charset="utf-8"\n\necho'), /is a script/],
  [mime('Content-Type: image/png\n\nabc'), /has the content type "image\/png", which Rower does not take/],
  [
    mime(`\n${pod('a')}`, `\n${pod('a')}`),
    /part 2\): Pod default\/a-node is defined in user-data \(provider ec2, part 1\) too/,
  ],
  [mime('Content-Disposition: attachment; filename="p.yaml"\n\nkind: Pod\napiVersion: v1\n'), /part 1 "p\.yaml"\)/],
];

for (const [input, message, options] of REFUSED) {
  const shown = typeof input === 'string' ? input.slice(0, 60) : `${input.subarray(0, 8).toString()}`;
  test(`${JSON.stringify(shown)} is refused with ${message}`, () => {
    const { outcome, files } = take(input, options);
    assert.equal(outcome, 'refused');
    assert.deepEqual(files, []);
    const found = texts(input, options);
    assert.ok(
      found.some((text) => message.test(text.split('\n')[0] ?? '')),
      found.join('\n'),
    );
  });
}

test('a secret near a mistake is masked in the excerpt', () => {
  const found = texts(
    `apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: hunter2\n  password: hunter3\n`,
  ).join('\n');
  assert.match(found, /line 7 col 3/);
  assert.doesNotMatch(found, /hunter/);
});

const CONFIG = `#cloud-config
hostname: h
write-files:
- path: /etc/pods/web.yaml
  permissions: 0644
  encoding: gz+b64
  content: ${base64(gzipSync(pod()))}
- path: /etc/pods//other.yml
  content: |
${pod('other').replace(/^/gm, '    ')}
`;

test('write_files into the manifest directory are taken, and keys for the OS are named once', () => {
  const { files, outcome } = take(CONFIG);
  assert.equal(outcome, 'files');
  assert.deepEqual(
    files.map(({ name }) => name),
    ['web.yaml', 'other.yaml'],
  );
  assert.deepEqual(texts(CONFIG), ['user-data (provider ec2): ignored, they are for the OS: hostname']);
});

test('write_files that cloud-init has done are left alone', () => {
  assert.equal(take(CONFIG, { writeFilesDone: true }).outcome, 'nothing');
});

const WRONG_CONFIGS: [string, RegExp][] = [
  ['runcmd: [ls]', /runcmd would run or install something.*Nothing was executed/],
  ['packages: [x]\nbootcmd: [y]', /packages, bootcmd would run or install something/],
  ['coreos: {units: []}', /coreos would run/],
  ['rancher: {services: {}}', /rancher\.services is a Compose file/],
  [
    'rower: {trust: off}',
    /rower\.trust is not read from user-data; there are onMissing, onEmpty, substitute\. Settings/,
  ],
  ['rower: {onMissing: perhaps}', /rower: onMissing must be keep or remove, not "perhaps"/],
  ['rower: 5', /rower must be a mapping/],
  ['write_files:\n- {path: /etc/passwd, content: x}', /write_files\[0\]\.path "\/etc\/passwd" is not in \/etc\/pods/],
  ['write_files:\n- {path: /etc/pods/../passwd.yaml, content: x}', /is not in \/etc\/pods/],
  ['write_files:\n- {path: /etc/pods/a/b.yaml, content: x}', /is not in \/etc\/pods/],
  ['write_files:\n- {path: /etc/pods/a.txt, content: x}', /must end in \.yaml/],
  ['write_files:\n- {path: /etc/pods/.a.yaml, content: x}', /must end in \.yaml/],
  ['write_files:\n- {path: /etc/pods/a.yaml, content: x, append: true}', /append is not supported/],
  ['write_files:\n- {path: /etc/pods/a.yaml}', /content is missing/],
  ['write_files:\n- {content: a}', /path is missing/],
  ['write_files:\n- {path: /etc/pods/a.yaml, content: x, encoding: rot13}', /encoding "rot13" is unknown/],
  [
    'write_files:\n- {path: /etc/pods/a.yaml, content: "!", encoding: b64}',
    /write_files\[0\]\.content is to be base64/,
  ],
  ['write_files: 5', /must be a list/],
  ['- a', /is a mapping/],
  ['a: b: c', /line 2 column/],
];

for (const [config, message] of WRONG_CONFIGS) {
  test(`the cloud-config ${JSON.stringify(config)} is refused with ${message}`, () => {
    assert.equal(take(`#cloud-config\n${config}\n`).outcome, 'refused');
    assert.match(texts(`#cloud-config\n${config}\n`).join('\n'), message);
  });
}

test('a cloud-config-archive is a list of parts', () => {
  const archive = `#cloud-config-archive\n- type: text/cloud-config\n  content: "hostname: x"\n- filename: a.yaml\n  content: |\n${pod().replace(/^/gm, '    ')}`;
  assert.deepEqual(
    take(archive).files.map(({ name }) => name),
    ['a.yaml'],
  );
});

test('included URLs are asked for, then taken, with their pins', () => {
  const url = 'https://host.example/pods/web.yaml';
  const pin = createHash('sha256').update(pod()).digest('hex');
  const text = `#include\n# one\n${url} sha256=${pin}\n`;
  const first = take(text);
  assert.deepEqual([first.outcome, first.wanted], ['incomplete', [{ url, sha256: pin }]]);
  const second = take(text, { included: new Map([[url, Buffer.from(pod())]]) });
  assert.deepEqual(
    second.files.map(({ name }) => name),
    ['web.yaml'],
  );
  const other = texts(text, { included: new Map([[url, Buffer.from(pod('b'))]]) });
  assert.match(other.join(), /part 1 "web\.yaml"\): has sha256 [0-9a-f]{64}, not /);
});

const WRONG_INCLUDES: [string, RegExp][] = [
  ['http://host.example/a', /take https, or pin the content/],
  ['file:///etc/shadow', /#include of file:/],
  ['https://host.example/a md5=5', /only sha256=/],
  ['nothing', /is no URL/],
  [Array.from({ length: 11 }, (_, index) => `https://h/${index}`).join('\n'), /more than 10 URLs/],
];

for (const [line, message] of WRONG_INCLUDES) {
  test(`#include ${JSON.stringify(line.slice(0, 40))} is refused`, () => {
    assert.match(texts(`#include\n${line}\n`).join(), message);
  });
}

test('an include that includes itself ends', () => {
  const url = 'https://host.example/a';
  assert.match(
    texts(`#include ${url}\n`, { included: new Map([[url, Buffer.from(`#include ${url}\n`)]]) }).join(),
    /nested more than 2 deep/,
  );
});

const VARIABLES = new Map([
  ['zone', 'eu-1a'],
  ['tags.role', 'yes'],
]);

test('variables of the machine stand in values, never in keys or Secrets', () => {
  const text = `${pod('web', `r-\${metadata.zone}/app:\${metadata.tag:-1}`)}    args: ['$\${metadata.zone}', '$(A)', '\${metadata.tags.role}']\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: '\${metadata.zone}'}\n`;
  const { files, problems } = take(text, { variables: VARIABLES });
  assert.deepEqual(problems, []);
  const written = files[0]?.text ?? '';
  assert.match(written, /"image": "r-eu-1a\/app:1"/);
  assert.match(written, /"\$\{metadata\.zone\}",\s+"\$\(A\)",\s+"yes"/);
  assert.match(written, /"a": "\$\{metadata\.zone\}"/);
});

test('a variable without value and default is an error that names those there are', () => {
  assert.match(
    texts(pod('web', `app:\${metadata.version}`), { variables: VARIABLES }).join(),
    /metadata\.version\} has no value on this machine; there are tags\.role, zone\. Give a default/,
  );
});

test('whatever the bytes, it answers and never gives files with an error', () => {
  const fragment = fc.oneof(
    fc.constantFrom(
      '#cloud-config\n',
      '#include\n',
      'MIME-Version: 1.0\n',
      'Content-Type: multipart/mixed; boundary=x\n\n',
      '--x\n',
      '--x--\n',
      pod(),
      '---\n',
      'write_files:\n',
      '- path: /etc/pods/a.yaml\n',
      `\${metadata.a}`,
      'spec: {containers: [{}]}\n',
    ),
    fc.string(),
  );
  const bytes = fc.oneof(
    fc.array(fragment, { maxLength: 8 }).map((list) => Buffer.from(list.join(''))),
    fc.uint8Array(),
  );
  fc.assert(
    fc.property(bytes, fc.boolean(), (input, zipped) => {
      const { outcome, files, problems } = take(zipped ? gzipSync(input) : input);
      assert.equal(
        outcome === 'refused',
        problems.some(({ severity }) => severity === 'error'),
      );
      assert.equal(files.length > 0, outcome === 'files');
    }),
    { numRuns: 500 },
  );
});
