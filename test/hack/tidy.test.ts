import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTree } from '../../hack/tidy.ts';
import { RULES } from '../../hack/tidy-rules.ts';
import { treeOf } from '../../hack/tidy-source.ts';

/** Complaints of one rule about a tree of these files, as `path:line message`. */
function complaints(rule: string, files: Record<string, string>): string[] {
  return checkTree(treeOf(new Map(Object.entries(files))))
    .filter((complaint) => complaint.rule === rule)
    .map(({ path, line, message }) => `${path}:${line} ${message}`);
}

/** A mark that the rules look for, spelt so that they do not find it here. */
const todo = 'TO' + 'DO';
const place = (name: string) => `/${name}/`;

interface Case {
  rule: keyof typeof RULES & string;
  what: string;
  files: Record<string, string>;
  /** Beginnings of the complaints; none when the tree is in order. */
  wanted?: string[];
}

const CASES: Case[] = [
  {
    rule: 'layers',
    what: 'pure code that loads an owner of state',
    files: { 'src/kubelet/plan/pod.ts': "import { Store } from '../store.ts';", 'src/kubelet/store.ts': '' },
    wanted: ['src/kubelet/plan/pod.ts:1 pure code must not load src/kubelet/store.ts, which is owners of state'],
  },
  {
    rule: 'layers',
    what: 'pure code that only names a type of an owner',
    files: { 'src/kubelet/plan/pod.ts': "import type { Store } from '../store.ts';", 'src/kubelet/store.ts': '' },
  },
  {
    rule: 'layers',
    what: 'the loop, which loads everything below it',
    files: {
      'src/kubelet/loop.ts':
        "import { a } from './store.ts';\nimport { b } from './execute.ts';\nimport { c } from './plan/pod.ts';",
      'src/kubelet/store.ts': '',
      'src/kubelet/execute.ts': '',
      'src/kubelet/plan/pod.ts': '',
    },
  },
  {
    rule: 'layers',
    what: 'the endpoint that loads the loop',
    files: { 'src/http/server.ts': "\nexport { x } from '../kubelet/loop.ts';", 'src/kubelet/loop.ts': '' },
    wanted: ['src/http/server.ts:2 input and output must not load src/kubelet/loop.ts, which is loop'],
  },
  {
    rule: 'layers',
    what: 'the runtime client that knows of Pods, even by type',
    files: { 'src/cri/client.ts': "import type { Pod } from '../kubelet/types.ts';", 'src/kubelet/types.ts': '' },
    wanted: ['src/cri/client.ts:1 the runtime client must not know src/kubelet/types.ts'],
  },
  {
    rule: 'layers',
    what: 'the executor that loads the runtime client itself instead of its port',
    files: { 'src/kubelet/execute.ts': "import { c } from '../cri/client.ts';", 'src/cri/client.ts': '' },
    wanted: ['src/kubelet/execute.ts:1 only main may load the runtime client'],
  },
  {
    rule: 'layers',
    what: 'a folder that nobody has placed',
    files: { 'src/new/a.ts': '' },
    wanted: ['src/new/a.ts:1 belongs to no layer'],
  },
  {
    rule: 'import cycles',
    what: 'three files in a circle',
    files: {
      'src/a.ts': "import './b.ts';",
      'src/b.ts': "export * from './c.ts';",
      'src/c.ts': "const a = await import('./a.ts');",
    },
    wanted: ['src/a.ts:1 imports itself: src/a.ts → src/b.ts → src/c.ts → src/a.ts'],
  },
  {
    rule: 'import cycles',
    what: 'a circle that is closed by types only',
    files: { 'src/a.ts': "import { b } from './b.ts';", 'src/b.ts': "import { type A, type B as C } from './a.ts';" },
  },
  {
    rule: 'dead files',
    what: 'files that nothing reaches, and one that only a test reaches',
    files: {
      'src/cli/bin.ts': "import('./used.ts');",
      'src/cli/used.ts': '',
      'src/dead.ts': '',
      'src/tested.ts': '',
      'test/tested.test.ts': "import { x } from '../src/tested.ts';\nimport './tools.ts';",
      'test/tools.ts': '',
      'hack/program.ts': 'if (import.meta.main) run();',
      'hack/named.mjs': '',
      'hack/dead.ts': '// import.meta.main',
      'package.json': '{"version":"1.0.0","scripts":{"x":"node hack/named.mjs"}}',
    },
    wanted: [
      'src/dead.ts:1 nothing uses it: delete it',
      'src/tested.ts:1 only tests and scripts use it, not src/cli/bin.ts',
      'hack/dead.ts:1 nothing uses it: delete it',
    ],
  },
  {
    rule: 'ambient time and randomness',
    what: 'clocks, timers and dice',
    files: {
      'src/a.ts': [
        'Date.now();',
        'new Date();',
        'setTimeout(f, 1);',
        'const t = performance.now();',
        'Math.random();',
        "import { randomUUID } from 'node:crypto';",
        "import { setTimeout as sleep } from 'node:timers/promises';",
      ].join('\n'),
    },
    wanted: [
      'src/a.ts:1 Date.now:',
      'src/a.ts:2 new Date():',
      'src/a.ts:3 setTimeout:',
      'src/a.ts:4 performance.now:',
      'src/a.ts:5 Math.random:',
      'src/a.ts:6 randomUUID:',
      'src/a.ts:7 setTimeout:',
      'src/a.ts:7 timers:',
    ],
  },
  {
    rule: 'ambient time and randomness',
    what: 'dates of a given time, methods of that name, words in comments and texts, and the place of the real ones',
    files: {
      'src/a.ts':
        'new Date(ms); socket.setTimeout(1); // Date.now()\nconst a = "Math.random()"; const b = `Date.now() §{x}`; const c = /Date.now/;'.replaceAll(
          '§',
          '$',
        ),
      'src/real-env.ts': 'Date.now();',
      'hack/a.ts': 'Date.now();',
    },
  },
  {
    rule: 'ambient time and randomness',
    what: 'a clock inside a template',
    files: {
      'src/a.ts':
        'const a = `at §{`§{{ x: Date.now() }}`} /* `;\nconst b = 1 / 2; setInterval(f, 1); const c = x / 3;'.replaceAll(
          '§',
          '$',
        ),
    },
    wanted: ['src/a.ts:1 Date.now:', 'src/a.ts:2 setInterval:'],
  },
  {
    rule: 'pure code',
    what: 'a planner that waits and has a clock',
    files: {
      'src/kubelet/plan/pod.ts': "import type { Env } from '../env.ts';\nasync function f() {\n  await g();\n}",
      'src/kubelet/env.ts': '',
      'src/kubelet/store.ts': "import type { Env } from './env.ts';\nawait 1;",
    },
    wanted: ['src/kubelet/plan/pod.ts:2 async:', 'src/kubelet/plan/pod.ts:3 await:', 'src/kubelet/plan/pod.ts:1 Env:'],
  },
  {
    rule: 'types of the Kubernetes client',
    what: 'an import that loads it',
    files: {
      'src/a.ts': "import { V1Pod } from '@kubernetes/client-node';",
      'src/b.ts':
        "import type { V1Pod } from '@kubernetes/client-node';\nimport {\n  type V1Node,\n  type V1Event,\n} from '@kubernetes/client-node';",
      'test/c.test.ts': "import { V1Pod } from '@kubernetes/client-node';",
    },
    wanted: ['src/a.ts:1 loads 70 MB at run time: write import type'],
  },
  {
    rule: 'file length',
    what: 'a file of 351 lines beside one of 350',
    files: { 'src/a.ts': '\n'.repeat(351), 'src/b.ts': '\n'.repeat(350), 'docs/a.md': '\n'.repeat(999) },
    wanted: ['src/a.ts:351 351 lines; split it below 350'],
  },
  {
    rule: 'mirrored tests',
    what: 'tests with and without a file they are of',
    files: {
      'src/a/b.ts': '',
      'hack/c.ts': '',
      'hack/d.mjs': '',
      'test/a/b.test.ts': '',
      'test/a/b.more.test.ts': '',
      'test/a.test.ts': '',
      'test/hack/c.test.ts': '',
      'test/hack/d.test.ts': '',
      'test/e2e/anything.test.ts': '',
      'test/kubelet/props/anything.test.ts': '',
      'test/a/lost.test.ts': '',
    },
    wanted: ['test/a/lost.test.ts:1 there is no src/a/lost.ts it could be the test of'],
  },
  {
    rule: 'left-over marks',
    what: 'work put off and tests put aside',
    files: {
      'src/a.ts': `\n// ${todo}: later`,
      'docs/a.md': `${todo}`,
      'test/a.test.ts':
        'test.only(f);\ndescribe.skip(f);\ntest("x", { only: true }, f);\ntest("skip", { skip: reason }, f);',
      'hack/a.ts': `const word = '${todo}s'; seed.skip();`,
    },
    wanted: [
      `src/a.ts:2 ${todo}: do it now`,
      `docs/a.md:1 ${todo}: do it now`,
      'test/a.test.ts:1 test.only: every test runs',
      'test/a.test.ts:2 describe.skip: every test runs',
      'test/a.test.ts:3 only: true: every test runs',
    ],
  },
  {
    rule: 'places of one machine',
    what: 'paths of a machine and hosts of registries',
    files: {
      'docs/a.md': `see ${place('work')}main\nand ${place('root')}`,
      'src/a.ts':
        "const a = '/var/work/x'; const b = 'x/root/y'; const c = '/rootfs/x'; const d = 'https://host/root/';",
      'package-lock.json': '{\n"resolved": "https://registry.example/a.tgz"}',
    },
    wanted: [
      `docs/a.md:1 ${place('work')} is of one machine only`,
      `docs/a.md:2 ${place('root')} is of one machine only`,
      'package-lock.json:2 "resolved": "https://registry.example/a.tgz"',
    ],
  },
  {
    rule: 'pinned packages',
    what: 'version ranges, and a version told twice differently',
    files: {
      'package.json':
        '{\n"version": "1.2.3",\n"dependencies": {\n"a": "1.0.0",\n"b": "^1.0.0"},\n"devDependencies": {"c": "latest"}}',
      'src/version.ts': "export const VERSION = '1.2.4';",
    },
    wanted: [
      'package.json:5 b ^1.0.0: name one exact version',
      'package.json:6 c latest: name one exact version',
      'src/version.ts:1 must have the version of package.json, 1.2.3',
    ],
  },
  {
    rule: 'links in documents',
    what: 'a link that leads nowhere',
    files: {
      'README.md': '[a](docs/a.md) [b](docs/b.md#x) [c](https://example.com) [d](#here) [e](docs)',
      'docs/a.md': '\n[up](../README.md) [no](../a.md)',
    },
    wanted: ['README.md:1 there is no docs/b.md', 'docs/a.md:2 there is no ../a.md'],
  },
];

for (const { rule, what, files, wanted = [] } of CASES) {
  test(`tidy, ${rule}: ${what}${wanted.length === 0 ? ' is in order' : ''}`, () => {
    const found = complaints(rule, files);
    assert.deepEqual(
      found.map((complaint, index) => complaint.slice(0, wanted[index]?.length)),
      wanted,
    );
  });
}

test('every rule of tidy has a case that it complains about', () => {
  const proven = new Set(CASES.filter((one) => one.wanted).map((one) => one.rule));
  assert.deepEqual(
    Object.keys(RULES).filter((rule) => !proven.has(rule)),
    [],
  );
});
