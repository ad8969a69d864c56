import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readCosignKey } from '../../src/metadata/ingest/cosign.ts';
import { ingest } from '../../src/metadata/ingest/ingest.ts';
import { readMinisignKey } from '../../src/metadata/ingest/minisign.ts';
import { splitSigned } from '../../src/metadata/ingest/signatures.ts';
import { readAllowedSigners, verifySignature } from '../../src/metadata/ingest/ssh-signature.ts';
import { Refusal } from '../../src/metadata/ingest/types.ts';
import { openFat } from '../../src/metadata/media/fat.ts';
import { type Image, MediaError, type Volume } from '../../src/metadata/media/image.ts';
import { openIso } from '../../src/metadata/media/iso9660.ts';
import { IMAGES, type ImageName, imageBytes } from '../metadata/media/images.ts';
import { once, rejectsOnly, type Target, texts, throwsOnly, words } from './target.ts';

const POD = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n';
const part = (head: string, body: string) => `--B\r\n${head}\r\n\r\n${body}\r\n`;
const mime = (...parts: string[]) =>
  `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="B"\r\n\r\n${parts.join('')}--B--\r\n`;
const attached = (name: string) =>
  `Content-Type: application/yaml\r\nContent-Disposition: attachment; filename="${name}"`;

export const userData: Target = {
  name: 'user-data',
  corpus: once(() => [
    ...texts(
      POD,
      mime(
        part(
          'Content-Type: text/cloud-config',
          `#cloud-config\nwrite_files:\n- {path: /etc/pods/a.yaml, content: "${POD}"}\n`,
        ),
      ),
      mime(part(attached('a.yaml'), POD), part(attached('../../b.json'), POD)),
      mime(part('Content-Transfer-Encoding: base64\r\nContent-Type: text/plain', Buffer.from(POD).toString('base64'))),
      mime(part('Content-Transfer-Encoding: quoted-printable', POD.replaceAll(':', '=3A'))),
      mime(part('Content-Type: multipart/mixed; boundary=C', `--C\r\n\r\n${POD}\r\n--C--`)),
      `#cloud-config\nwrite_files:\n- path: /etc/pods/a.yaml\n  encoding: gz+b64\n  content: ${gzipSync(POD).toString('base64')}\n`,
      `#cloud-config-archive\n- {type: application/yaml, content: "${POD.replaceAll('\n', '\\n')}"}\n`,
      '#include\nhttps://a.example/b#sha256=0\n',
      'spec: {containers: [{image: x, volumeMounts: []}], volumes: [], restartPolicy: Always}\n',
      POD.replace('image: b', `image: "\${metadata.zone:-b}"`),
    ),
    gzipSync(POD),
    Buffer.from(gzipSync(POD).toString('base64')),
  ]),
  words: words(
    ...['\r\n', '\n\n', '--B', '--', 'boundary=', 'boundary="', '=?utf-8?B?Li4v?=', "filename*=UTF-8''%2e%2e%2f", '\0'],
    ...['Content-Type: ', 'message/rfc822', 'multipart/', 'text/x-shellscript', '#!', '#cloud-config\n', '#include\n'],
    ...['encoding: ', 'gz+b64', 'permissions: ', `\${metadata.a}`, '$$', '../', '/etc/pods/../x', '\x1f\x8b', '=0D=0A'],
  ),
  run(bytes) {
    for (const base64 of [false, true]) {
      const options = { provider: 'x', nodeName: 'n1', manifestDirectory: '/etc/pods', base64 };
      const { outcome, files, problems } = ingest(bytes, options);
      if (outcome !== 'files') assert.deepEqual(files, []);
      if (outcome === 'refused') assert.ok(problems.length > 0);
      assert.equal(new Set(files.map(({ name }) => name)).size, files.length);
      for (const { name } of files) assert.match(name, /^[^/\0]{1,200}\.yaml$/);
    }
  },
};

const SIGNED = join(import.meta.dirname, '../fixtures/metadata/signatures');
const read = (name: string) => readFileSync(join(SIGNED, name));

export const signatures: Target = {
  name: 'signatures',
  corpus: once(() => ['ed25519.sig', 'rsa.sig', 'ecdsa.sig', 'allowed_signers', 'pod.yaml'].map(read)),
  words: words(
    '-----BEGIN SSH SIGNATURE-----\n',
    'U1NIU0lH',
    'AAAA',
    '# ',
    'namespaces="*"',
    'valid-before="2030"',
    '/////w==',
  ),
  run(bytes) {
    const text = bytes.toString('latin1');
    const good = readAllowedSigners(read('allowed_signers').toString()).signers;
    const content = read('pod.yaml');
    const original = ['ed25519.sig', 'rsa.sig', 'ecdsa.sig'].map((name) => signed(read(name).toString('latin1')));
    throwsOnly(() => {
      verifySignature(content, text, good, Date.UTC(2026, 0));
      // What is accepted is what was signed, perhaps with other blanks or lines around it.
      assert.ok(original.includes(signed(text)), 'another signature is accepted');
    }, Refusal);
    const { signers } = readAllowedSigners(text);
    assert.ok(signers.length <= 10_000);
    readCosignKey('a', text);
    readMinisignKey('a', text);
    assert.ok(splitSigned(text).content.length <= text.length);
  },
};

/** The bytes that a signature stands for, without its padding. */
const signed = (armored: string) =>
  Buffer.from(armored.replace(/-----(?:BEGIN|END) SSH SIGNATURE-----/g, '').replace(/\s+/g, ''), 'base64').toString(
    'hex',
  );

const LIMIT = 64 * 1024;
/** What is read of one image at most; a damaged one must not make the reader go round. */
const MAX_READS = 20_000;

export const disks: Target = {
  name: 'disks',
  // The file systems' own structures, not the content.
  corpus: once(() => (Object.keys(IMAGES) as ImageName[]).map((name) => imageBytes(name).subarray(0, 160 * 1024))),
  words: words(
    'CD001',
    'FAT12   ',
    'FAT32   ',
    'NM',
    'CE',
    'SP',
    'RR',
    '\x55\xaa',
    Buffer.from([0xff, 0xff, 0xff, 0x0f]),
  ),
  async run(bytes) {
    let reads = 0;
    const image: Image = {
      async read(offset, length) {
        reads += 1;
        assert.ok(reads <= MAX_READS, 'it goes round');
        assert.ok(offset >= 0 && length >= 0 && length <= 16 * 1024 * 1024, `read(${offset}, ${length})`);
        return bytes.subarray(offset, offset + length);
      },
    };
    for (const open of [openIso, openFat]) {
      let volume: Volume | undefined;
      await rejectsOnly(async () => {
        volume = await open(image);
      }, MediaError);
      for (const path of [
        'user-data',
        'openstack/latest/user_data',
        'a-directory-with-a-long-name/numbered-file-with-a-rather-long-name-9',
      ])
        await rejectsOnly(async () => {
          const content = await volume?.readFile(path, LIMIT);
          assert.ok((content?.length ?? 0) <= LIMIT);
        }, MediaError);
      await rejectsOnly(async () => volume?.list('a-directory-with-a-long-name'), MediaError);
    }
  },
};
