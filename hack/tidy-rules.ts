/**
 * The rules of the house that a script can check.
 *
 * To add one: 1. a function `(tree) => Complaint[]`; 2. a row in RULES; 3. a case in test/hack/tidy.test.ts.
 */
import { LAYERS, layerOf, RUNTIME_CLIENT, RUNTIME_CLIENT_MAY_LOAD } from './tidy-layers.ts';
import { isScript, lineAt, type SourceFile, type Tree } from './tidy-source.ts';

export interface Complaint {
  path: string;
  line: number;
  /** What is wrong and what to do. */
  message: string;
}

export type Rule = (tree: Tree) => Complaint[];

const MAX_LINES = 350;

/** Where a program begins: what nothing imports and yet is alive. */
const PRODUCT_ENTRY = 'src/cli/bin.ts';
/** Tests in these folders, and those against recordings, cover scenarios, not one source file. */
const SCENARIO_TESTS =
  /^test\/(?:.*\/)?(?:(?:sim|golden|props|e2e|clients|browser|cloud-init|sim-grpc|fuzz)\/|recordings\.test\.ts$)/;

export const RULES: Readonly<Record<string, Rule>> = {
  layers,
  'import cycles': cycles,
  'dead files': deadFiles,
  'ambient time and randomness': ambient,
  'pure code': pureCode,
  'types of the Kubernetes client': clientTypes,
  'file length': fileLength,
  'mirrored tests': mirroredTests,
  'left-over marks': leftovers,
  'places of one machine': machinePlaces,
  'pinned packages': pinnedPackages,
  'links in documents': links,
};

function each(tree: Tree, pattern: RegExp, check: (file: SourceFile) => Complaint[]): Complaint[] {
  return tree.files.filter((file) => pattern.test(file.path)).flatMap(check);
}

/** One complaint for each match of `pattern` in the code, or in the whole text. */
function matches(
  file: SourceFile,
  pattern: RegExp,
  message: (found: string) => string,
  where: 'code' | 'text' = 'code',
) {
  return [...file[where].matchAll(pattern)].map((match) => ({
    path: file.path,
    line: lineAt(file.text, match.index),
    message: message(match[0].trim()),
  }));
}

function layers(tree: Tree): Complaint[] {
  return each(tree, /^src\//, (file) => {
    const inClient = file.path.startsWith(RUNTIME_CLIENT);
    const layer = layerOf(file.path);
    const complaints: Complaint[] = [];
    if (layer === undefined && !inClient) {
      complaints.push({ path: file.path, line: 1, message: 'belongs to no layer: name it in hack/tidy-layers.ts' });
    }
    for (const { target, typeOnly, line } of file.imports) {
      if (target === undefined || target.startsWith('test/') || (typeOnly && !inClient)) continue;
      const message = inClient ? clientMayLoad(target) : mayLoad(layer, target);
      if (message) complaints.push({ path: file.path, line, message });
    }
    return complaints;
  });
}

function clientMayLoad(target: string): string | undefined {
  if (target.startsWith(RUNTIME_CLIENT) || RUNTIME_CLIENT_MAY_LOAD.includes(target)) return undefined;
  return `the runtime client must not know ${target}`;
}

function mayLoad(layer: number | undefined, target: string): string | undefined {
  const other = layerOf(target);
  if (target.startsWith(RUNTIME_CLIENT) && other === undefined) {
    return layer === LAYERS.length - 1
      ? undefined
      : `only main may load the runtime client (${target}); use cri/port.ts`;
  }
  if (layer === undefined || other === undefined || other <= layer) return undefined;
  return `${LAYERS[layer]?.name} must not load ${target}, which is ${LAYERS[other]?.name}`;
}

/** Cycles of imports that load something. */
function cycles(tree: Tree): Complaint[] {
  const done = new Set<string>();
  const complaints: Complaint[] = [];
  const visit = (file: SourceFile, trail: string[]): void => {
    if (done.has(file.path)) return;
    const at = trail.indexOf(file.path);
    if (at >= 0) {
      const loop = [...trail.slice(at), file.path];
      complaints.push({ path: file.path, line: 1, message: `imports itself: ${loop.join(' → ')}` });
      return;
    }
    for (const { target, typeOnly } of file.imports) {
      const next = typeOnly || target === undefined ? undefined : tree.byPath.get(target);
      if (next) visit(next, [...trail, file.path]);
    }
    done.add(file.path);
  };
  for (const file of tree.files) visit(file, []);
  return complaints;
}

function deadFiles(tree: Tree): Complaint[] {
  const commands = tree.byPath.get('package.json')?.text ?? '';
  const isTest = (path: string) => path.endsWith('.test.ts');
  const isProgram = (file: SourceFile) => /\bimport\.meta\.main\b/.test(file.code) || commands.includes(file.path);
  const ofProduct = reach(tree, (file) => file.path === PRODUCT_ENTRY);
  const ofAnything = reach(tree, (file) => isTest(file.path) || isProgram(file));
  return each(tree, /^(?:src|hack|test)\/.*\.(?:ts|mjs)$/, ({ path }) => {
    if (ofProduct.has(path) || (!path.startsWith('src/') && ofAnything.has(path))) return [];
    const message = ofAnything.has(path)
      ? `only tests and scripts use it, not ${PRODUCT_ENTRY}`
      : 'nothing uses it: delete it';
    return [{ path, line: 1, message }];
  });
}

function reach(tree: Tree, isEntry: (file: SourceFile) => boolean): Set<string> {
  const seen = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { target } of tree.byPath.get(path)?.imports ?? []) if (target) visit(target);
  };
  for (const file of tree.files) if (isEntry(file)) visit(file.path);
  return seen;
}

const AMBIENT = new RegExp(
  [
    String.raw`\bDate\.now\b`,
    String.raw`\bnew Date\(\s*\)`,
    String.raw`(?<![.\w])(?:setTimeout|setInterval|setImmediate)\b`,
    String.raw`\bAbortSignal\.timeout\b`,
    String.raw`\bperformance\.now\b`,
    String.raw`\bprocess\.hrtime\b`,
    String.raw`\bMath\.random\b`,
    String.raw`\b(?:randomUUID|randomBytes|randomInt|getRandomValues)\b`,
  ].join('|'),
  'g',
);
/** Where the real ones are built. */
const MAY_BE_AMBIENT = ['src/real-env.ts'];

function ambient(tree: Tree): Complaint[] {
  return each(tree, /^src\//, (file) => {
    if (MAY_BE_AMBIENT.includes(file.path)) return [];
    const uses = matches(
      file,
      AMBIENT,
      (found) => `${found}: take time, timers and randomness from Env (src/kubelet/env.ts)`,
    );
    const timers = file.imports.filter((one) => /^(?:node:)?timers/.test(one.specifier));
    return [...uses, ...timers.map(({ line }) => ({ path: file.path, line, message: 'timers: take them from Env' }))];
  });
}

function pureCode(tree: Tree): Complaint[] {
  return each(tree, /^src\//, (file) => {
    const layer = LAYERS[layerOf(file.path) ?? -1];
    if (!layer?.pure) return [];
    const waits = matches(file, /\b(?:await|async)\b/g, (found) => `${found}: ${layer.name} decides without waiting`);
    const env = file.imports.filter((one) => one.target === 'src/kubelet/env.ts');
    return [
      ...waits,
      ...env.map(({ line }) => ({ path: file.path, line, message: `Env: ${layer.name} gets the time as a value` })),
    ];
  });
}

function clientTypes(tree: Tree): Complaint[] {
  return each(tree, /^src\//, (file) =>
    file.imports
      .filter((one) => one.specifier.startsWith('@kubernetes/client-node') && !one.typeOnly)
      .map(({ line }) => ({ path: file.path, line, message: 'loads 70 MB at run time: write import type' })),
  );
}

function fileLength(tree: Tree): Complaint[] {
  return each(tree, /\.(?:ts|mjs|cjs)$|^bin\/|^\.ci\//, (file) => {
    const lines = file.text.split('\n').length - 1;
    return lines <= MAX_LINES
      ? []
      : [{ path: file.path, line: lines, message: `${lines} lines; split it below ${MAX_LINES}` }];
  });
}

/** `test/a/b.test.ts` and `test/a/b.more.test.ts` belong to `src/a/b.ts`; `test/hack/…` and `test/bin/…` to those folders. */
function mirroredTests(tree: Tree): Complaint[] {
  return each(tree, /^test\/.*\.test\.ts$/, ({ path }) => {
    if (SCENARIO_TESTS.test(path)) return [];
    const source = path
      .replace(/^test\/((?:hack|bin)\/)?/, (_, own) => own ?? 'src/')
      .replace(/(?:\.[\w-]+)?\.test\.ts$/, '');
    if (['.ts', '.mjs', '.cjs'].some((ending) => tree.byPath.has(source + ending)) || hasFolder(tree, source))
      return [];
    return [{ path, line: 1, message: `there is no ${source}.ts it could be the test of` }];
  });
}

function hasFolder(tree: Tree, folder: string): boolean {
  return tree.files.some((file) => file.path.startsWith(`${folder}/`));
}

/** Spelt so that this file does not find itself. */
const MARKS = new RegExp(
  String.raw`\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\b|@ts-(?:ignore|nocheck)`,
  'g',
);

function leftovers(tree: Tree): Complaint[] {
  return tree.files.flatMap((file) => {
    if (!isScript(file.path) && !file.path.endsWith('.md')) return [];
    const marks = matches(file, MARKS, (found) => `${found}: do it now or write down why not`, 'text');
    if (!file.path.startsWith('test/')) return marks;
    const skipped = matches(
      file,
      /\b(?:test|it|describe|suite)\.(?:only|skip|todo)\b|\b(?:only|todo): true\b/g,
      (found) => `${found}: every test runs`,
    );
    return [...marks, ...skipped];
  });
}

const PLACES = new RegExp(
  [
    String.raw`(?<![\w.:/-])/(?:work|root)/`,
    String.raw`\.\./shared\b`,
    String.raw`registry\.${'npm'}js`,
    String.raw`deb\.${'debian'}\.org`,
  ].join('|'),
  'g',
);

function machinePlaces(tree: Tree): Complaint[] {
  return tree.files.flatMap((file) => {
    const found = matches(file, PLACES, (place) => `${place} is of one machine only`, 'text');
    const resolved =
      file.path === 'package-lock.json'
        ? matches(
            file,
            /"resolved": "https?:[^"]*"/g,
            (text) => `${text}: run npm install with the project's .npmrc`,
            'text',
          )
        : [];
    return [...found, ...resolved];
  });
}

const EXACT = /^\d+\.\d+\.\d+$/;

function pinnedPackages(tree: Tree): Complaint[] {
  const path = 'package.json';
  const text = tree.byPath.get(path)?.text;
  if (text === undefined) return [];
  const manifest = JSON.parse(text) as Record<string, unknown> & { version: string };
  const groups = ['dependencies', 'devDependencies', 'optionalDependencies'];
  const loose = groups
    .flatMap((group) => Object.entries((manifest[group] ?? {}) as Record<string, string>))
    .filter(([, version]) => !EXACT.test(version));
  const complaints = loose.map(([name, version]) => ({
    path,
    line: lineAt(text, text.indexOf(`"${name}"`)),
    message: `${name} ${version}: name one exact version`,
  }));
  const source = tree.byPath.get('src/version.ts');
  if (source && !source.text.includes(`'${manifest.version}'`)) {
    complaints.push({ path: source.path, line: 1, message: `must have the version of ${path}, ${manifest.version}` });
  }
  return complaints;
}

const LINK = /\]\((?!https?:|mailto:|#)([^)#\s]+)/g;

function links(tree: Tree): Complaint[] {
  return each(tree, /\.md$/, (file) => {
    const folder = file.path.split('/').slice(0, -1);
    return [...file.text.matchAll(LINK)].flatMap((match) => {
      const parts: string[] = [...folder];
      for (const part of (match[1] ?? '').split('/')) {
        if (part === '..') parts.pop();
        else if (part !== '.' && part !== '') parts.push(part);
      }
      const target = parts.join('/');
      if (tree.byPath.has(target) || hasFolder(tree, target)) return [];
      return [{ path: file.path, line: lineAt(file.text, match.index), message: `there is no ${match[1]}` }];
    });
  });
}
