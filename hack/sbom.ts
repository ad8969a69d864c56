/**
 * Writes `dist/rower.cdx.json`: the bill of materials (CycloneDX) of what is shipped, by npm's own knowledge of the lock file.
 *
 *     npm run sbom
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './root.ts';

export interface Package {
  readonly name: string;
  readonly version: string;
  /** SPDX; undefined when the package does not say. */
  readonly license: string | undefined;
  readonly integrity: string | undefined;
}

/** The packages of the lock file that are not for development alone. */
export function shippedPackages(root = ROOT): Package[] {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  return Object.entries<Record<string, string | boolean>>(packages).flatMap(([place, entry]) =>
    place === '' || entry.dev
      ? []
      : [
          {
            name: place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length),
            version: String(entry.version),
            license: entry.license as string | undefined,
            integrity: entry.integrity as string | undefined,
          },
        ],
  );
}

/** The text of the bill. Throws with npm's words. */
export function billOfMaterials(root = ROOT): string {
  const args = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only', '--omit=dev'];
  const npm = spawnSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
  if (npm.error) throw npm.error;
  if (npm.status !== 0) throw new Error(npm.stderr);
  return npm.stdout;
}

if (import.meta.main) {
  const file = path.join(ROOT, 'dist', 'rower.cdx.json');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, billOfMaterials());
  console.log(`${path.relative(ROOT, file)}: ${shippedPackages().length} packages`);
}
