import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildImages, imageArchive } from '../../../hack/images.ts';
import { tar } from '../../../hack/tar.ts';
import { ArchiveNames } from '../../../src/kubelet/images/archive-names.ts';

function names(archive: Buffer, pieces: readonly number[] = []): string[] {
  const found = new ArchiveNames();
  let from = 0;
  for (const length of pieces) {
    found.push(archive.subarray(from, from + length));
    from += length;
  }
  found.push(archive.subarray(from));
  return found.names();
}

const spec = (name: string) => ({
  name,
  busybox: false,
  files: [{ path: 'a', type: 'file' as const, data: 'x'.repeat(5000) }],
});
const file = (path: string, data: unknown) => ({
  path,
  type: 'file' as const,
  data: typeof data === 'string' ? data : JSON.stringify(data),
});
const OCI = imageArchive(buildImages([spec('localhost/b:1'), spec('localhost/a:1')]));
const DOCKER = tar([
  file('layer.tar', 'x'),
  file('manifest.json', [{ RepoTags: ['busybox:1', 'r.example/b:2'] }, { RepoTags: null }]),
]);

describe('the images of an archive', () => {
  it('are named in an OCI layout', () => assert.deepEqual(names(OCI), ['localhost/a:1', 'localhost/b:1']));
  it("are named in Docker's form", () => assert.deepEqual(names(DOCKER), ['busybox:1', 'r.example/b:2']));
  it('are named by their full reference where the other is a mere tag', () => {
    const annotations = [
      { 'org.opencontainers.image.ref.name': '1' },
      { 'org.opencontainers.image.ref.name': 'r.example/a:1' },
    ];
    assert.deepEqual(
      names(tar([file('index.json', { manifests: annotations.map((each) => ({ annotations: each })) })])),
      ['r.example/a:1'],
    );
  });
  it('are found however the archive arrives', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 })), (pieces) => {
        assert.deepEqual(names(OCI, pieces), ['localhost/a:1', 'localhost/b:1']);
      }),
    );
  });
  it('are found behind a file whose size only its pax header tells', () => {
    const [layer, rest] = [tar([file('layer', 'y'.repeat(700))]), DOCKER.subarray(1024)];
    const header = Buffer.from(layer.subarray(0, 512));
    header.fill('0', 124, 135);
    const pax = tar([file('pax', '13 size=700\n')]).subarray(0, 1024);
    pax[156] = 'x'.charCodeAt(0);
    assert.deepEqual(names(Buffer.concat([pax, header, layer.subarray(512, 1536), rest])), [
      'busybox:1',
      'r.example/b:2',
    ]);
  });
  it('are none where the archive has none or says nonsense', () => {
    assert.deepEqual(names(tar([file('a', 'b')])), []);
    assert.deepEqual(names(tar([file('manifest.json', '{'), file('index.json', 'null')])), []);
  });
  it('are not looked for in what is no archive', () => {
    assert.throws(() => names(Buffer.alloc(600, 'x')), /not a tar archive/);
    assert.throws(() => names(tar([file('index.json', 'x'.repeat(4 * 1024 * 1024 + 1))])), /longer than/);
  });
});
