import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';
import { trim } from '../../hack/build-trim.ts';
import { ROOT } from '../../hack/root.ts';
import { billOfMaterials, shippedPackages } from '../../hack/sbom.ts';

const LICENSES = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0']);

test('what is shipped is few, may be passed on, and is fixed by its checksum', () => {
  const packages = shippedPackages();
  assert.ok(packages.length <= 70, `${packages.length} packages: is the new one worth it?`);
  for (const { name, license, integrity } of packages) {
    assert.match(integrity ?? '', /^sha512-/, name);
    assert.ok(license && LICENSES.has(license.replace(/^\((.*)\)$/, '$1')), `${name} has the licence ${license}`);
  }
});

test('everything in the bundle is in the bill', async () => {
  const { components } = JSON.parse(billOfMaterials()) as { components: { name: string; version: string }[] };
  const billed = new Set(components.map(({ name }) => name));
  const { metafile } = await build({
    ...{ absWorkingDir: ROOT, entryPoints: ['src/cli/bin.ts'], bundle: true, platform: 'node', target: 'node24' },
    ...{ format: 'cjs', write: false, metafile: true, outdir: 'dist', logLevel: 'silent', plugins: [trim] },
  });
  const bundled = Object.keys(metafile.inputs).flatMap(
    (file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [],
  );
  assert.ok(bundled.includes('yaml'));
  assert.deepEqual(
    [...new Set(bundled)].filter((name) => !billed.has(name)),
    [],
  );
});
