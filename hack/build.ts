/**
 * Makes `dist/rower.cjs`: the program in one minified CommonJS file, which `bin/rower` loads, and beside it the files that it
 * loads when they are needed.
 *
 *     npm run build
 *
 * The source map lies beside it for people who read a stack trace (`node --enable-source-maps` does not load it: the
 * bundle does not name it).
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';
import { trim } from './build-trim.ts';
import { ROOT } from './root.ts';

export interface BuildResult {
  /** Path of the bundle. */
  file: string;
  bytes: number;
  gzippedBytes: number;
}

/** What few machines need, by the name of its file: not in memory until something imports it. */
const BESIDE: Readonly<Record<string, string>> = {
  age: 'age-encryption',
  openapi: 'src/http/openapi/documents.ts',
  toml: 'smol-toml',
};

const beside: Plugin = {
  name: 'beside',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path: imported, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      const place = imported.startsWith('.') ? path.relative(ROOT, path.join(resolveDir, imported)) : imported;
      const name = Object.keys(BESIDE).find((one) => BESIDE[one] === place);
      return name === undefined ? undefined : { path: `./${name}.cjs`, external: true };
    });
  },
};

/** Builds into `directory`, replacing a former bundle in one step: an agent may be started from it at any time. Throws with esbuild's messages. */
export async function buildBundle(directory = path.join(ROOT, 'dist')): Promise<BuildResult> {
  const work = `${directory}.new`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: { rower: 'src/cli/bin.ts', ...BESIDE },
    outdir: work,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minify: true,
    sourcemap: 'external',
    legalComments: 'linked',
    logLevel: 'silent',
    // Else they are modules of the other kind, whose loader takes memory of its own.
    supported: { 'dynamic-import': false },
    plugins: [beside, trim],
  });
  if (result.warnings.length > 0) throw new Error(result.warnings.map((warning) => warning.text).join('\n'));
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(work)) renameSync(path.join(work, name), path.join(directory, name));
  rmSync(work, { recursive: true });
  const file = path.join(directory, 'rower.cjs');
  const code = readFileSync(file);
  return { file, bytes: code.length, gzippedBytes: gzipSync(code).length };
}

/** `712 KB, 201 KB compressed` */
export function describeBuild(built: BuildResult): string {
  const kb = (bytes: number) => `${Math.round(bytes / 1000)} KB`;
  return `${path.relative(ROOT, built.file)}: ${kb(built.bytes)}, ${kb(built.gzippedBytes)} compressed`;
}

if (import.meta.main) {
  try {
    console.log(describeBuild(await buildBundle()));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
