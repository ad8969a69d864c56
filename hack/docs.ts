/**
 * Writes the documents that are made from tables in the code; `npm run tidy` checks that they are current.
 *
 *     npm run docs
 *
 * To add one: a row in DOCS.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configurationDoc } from './docs-configuration.ts';
import { metadataDoc } from './docs-metadata.ts';
import { supportDoc } from './docs-support.ts';
import { ROOT } from './root.ts';

/** Path → its whole text. */
const DOCS: Readonly<Record<string, () => string>> = {
  'docs/configuration.md': configurationDoc,
  'docs/kubernetes-support.md': supportDoc,
  'docs/metadata.md': metadataDoc,
};

/** Paths of the documents that differ from what the code says. */
export function staleDocs(root = ROOT): string[] {
  return Object.entries(DOCS).flatMap(([file, make]) => {
    const full = path.join(root, file);
    return existsSync(full) && readFileSync(full, 'utf8') === make() ? [] : [file];
  });
}

if (import.meta.main) {
  for (const file of staleDocs()) {
    writeFileSync(path.join(ROOT, file), DOCS[file]?.() ?? '');
    console.log(`wrote ${file}`);
  }
}
