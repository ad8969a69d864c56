/**
 * Checks the rules of the house (hack/tidy-rules.ts) and that the generated documents are current (hack/docs.ts).
 *
 *     npm run tidy
 */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { staleDocs } from './docs.ts';
import { ROOT } from './root.ts';
import { type Complaint, RULES } from './tidy-rules.ts';
import { type Tree, treeOf } from './tidy-source.ts';

/** Files whose text is data, not ours to judge. */
const NOT_OURS = /^test\/fixtures\/|^LICENSE$/;

/** Every file that is or would be committed. */
export function readTree(root = ROOT): Tree {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const texts = new Map<string, string>();
  for (const file of [...new Set(listed.split('\0'))].sort()) {
    const full = path.join(root, file);
    if (file === '' || NOT_OURS.test(file) || !existsSync(full) || !lstatSync(full).isFile()) continue;
    texts.set(file, readFileSync(full, 'utf8'));
  }
  return treeOf(texts);
}

/** All complaints about the tree, with the name of the rule. */
export function checkTree(tree: Tree): (Complaint & { rule: string })[] {
  return Object.entries(RULES).flatMap(([rule, check]) => check(tree).map((complaint) => ({ ...complaint, rule })));
}

if (import.meta.main) {
  const complaints = checkTree(readTree());
  for (const { path: file, line, message, rule } of complaints) console.log(`${file}:${line}: ${message} [${rule}]`);
  const stale = staleDocs();
  for (const file of stale) console.log(`${file}: not current: run npm run docs [documents]`);
  const count = complaints.length + stale.length;
  console.log(count === 0 ? `tidy: ${Object.keys(RULES).length} rules hold` : `tidy: ${count} complaints`);
  process.exitCode = count === 0 ? 0 : 1;
}
