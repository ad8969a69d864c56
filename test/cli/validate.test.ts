import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { UsageError } from '../../src/cli/args.ts';
import { validateCommand } from '../../src/cli/validate.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';

async function validate(argv: string[], stdin: Iterable<Uint8Array> = []) {
  let [stdout, stderr] = ['', ''];
  const io = {
    stdout: (text: string) => {
      stdout += text;
    },
    stderr: (text: string) => {
      stderr += text;
    },
    env: {},
  };
  const status = await validateCommand(argv, io, Readable.from(stdin));
  return { status, stdout, stderr };
}

function bytes(...texts: string[]): Uint8Array[] {
  return texts.map((text) => Buffer.from(text));
}

const GOOD = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: m\n    image: x:1\n';

test('a good file is clean, exit status 0', async (t) => {
  const file = join(await temporaryDirectory(t), 'a.yaml');
  await writeFile(file, GOOD);
  assert.deepEqual(await validate([file]), { status: 0, stdout: '1 file, 1 Pod: no problems\n', stderr: '' });
});

test('every problem is shown with file, line, column, path and excerpt, exit status 1', async (t) => {
  const file = join(await temporaryDirectory(t), 'a.yaml');
  await writeFile(
    file,
    GOOD.replace('name: a', 'name: A_').replace('    image: x:1', '    imagePullPolicy: Often\n    imagee: x:1'),
  );
  const { status, stdout } = await validate([file]);
  assert.equal(status, 1);
  assert.equal(
    stdout.replace(/a lowercase RFC 1123 .*/, '…'),
    `${file}:4:9: error: metadata.name: Invalid value: "A_-node": …
    2 | kind: Pod
    3 | metadata:
    4 |   name: A_
      |         ^

${file}:7:5: error: spec.containers[0].image: Required value
    5 | spec:
    6 |   containers:
    7 |   - name: m
      |     ^

${file}:8:22: error: spec.containers[0].imagePullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never"
    6 |   containers:
    7 |   - name: m
    8 |     imagePullPolicy: Often
      |                      ^

${file}:9:5: error: spec.containers[0].imagee: unknown field "imagee"; did you mean "image"?
    7 |   - name: m
    8 |     imagePullPolicy: Often
    9 |     imagee: x:1
      |     ^

1 file, 0 Pods: 4 errors, 0 warnings
`,
  );
});

test('an unknown field is an error, and only a warning with --lax', async () => {
  const input = bytes(GOOD.replace('spec:', 'spec:\n  bogus: 1'));
  const strict = await validate(['-'], input);
  assert.equal(strict.status, 1);
  assert.match(strict.stdout, /^-:6:3: error: spec\.bogus: unknown field "bogus"\n/);
  const lax = await validate(['--lax', '-'], input);
  assert.equal(lax.status, 0);
  assert.match(lax.stdout, /^-:6:3: warning: spec\.bogus: unknown field "bogus"\n/);
  assert.match(lax.stdout, /1 file, 1 Pod: 0 errors, 1 warning\n$/);
});

test('standard input is read to its end, and no further than the limit', async () => {
  const pieces = bytes(GOOD.slice(0, 20), GOOD.slice(20));
  assert.equal((await validate(['-'], pieces)).status, 0);
  let taken = 0;
  function* endless() {
    for (;;) {
      taken += 1;
      yield Buffer.alloc(2 ** 16, '#');
    }
  }
  const { status, stdout } = await validate(['-'], endless());
  assert.equal(status, 1);
  assert.match(stdout, /larger than the limit of 1048576 bytes/);
  assert.ok(taken < 100);
});

test('a directory stands for its manifests, in the order of the agent', async (t) => {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, 'sub.yaml'));
  for (const name of ['b.yaml', 'a.json', '.hidden.yaml', 'old.yaml~']) await writeFile(join(directory, name), 'hello');
  const { status, stdout } = await validate([directory]);
  assert.equal(status, 1);
  const places = stdout.split('\n').flatMap((line) => /^(\S+): error/.exec(line)?.[1] ?? []);
  assert.deepEqual(
    places,
    ['a.json:1:1:', 'b.yaml:1:1:', 'sub.yaml:'].map((name) => join(directory, name).replace(/:$/, '')),
  );
  const empty = await validate([join(directory, 'sub.yaml')]);
  assert.equal(empty.status, 0);
  assert.match(empty.stderr, /no manifests in .*sub\.yaml\n/);
});

test('a Pod defined in two files is a warning', async (t) => {
  const directory = await temporaryDirectory(t);
  for (const name of ['a.yaml', 'b.yaml']) await writeFile(join(directory, name), GOOD);
  const { status, stdout } = await validate([directory]);
  assert.equal(status, 0);
  const first = join(directory, 'a.yaml');
  assert.ok(
    stdout.includes(
      `${join(directory, 'b.yaml')}: warning: metadata.name: Pod default/a-node is defined in ${first} too; in one manifest directory the first by path wins\n`,
    ),
  );
});

test('what cannot be read is an error, and a pipe is not waited for', async (t) => {
  const directory = await temporaryDirectory(t);
  const pipe = join(directory, 'pipe.yaml');
  execFileSync('mkfifo', [pipe]);
  const { status, stdout } = await validate([join(directory, 'none.yaml'), pipe, '/proc/self/mem']);
  assert.equal(status, 1);
  assert.match(stdout, /none\.yaml: error: no such file\n/);
  assert.match(stdout, /pipe\.yaml: error: is a named pipe, not a regular file; use - for standard input\n/);
  assert.match(stdout, /\/proc\/self\/mem: error: cannot read the file: EIO/);
  assert.match(stdout, /3 files, 0 Pods: 3 errors, 0 warnings\n$/);
});

test('a file that the agent would not read in a directory is checked, with a warning', async (t) => {
  const file = join(await temporaryDirectory(t), 'pod.txt');
  await writeFile(file, GOOD);
  const { status, stdout } = await validate([file]);
  assert.equal(status, 0);
  assert.match(
    stdout,
    /pod\.txt: warning: in a manifest directory the agent would not read this file: its name ends in none of/,
  );
});

test('names are checked with the name of the machine', async () => {
  assert.equal((await validate(['-', '--node-name', 'Machine-1'], bytes(GOOD))).status, 0);
  assert.match((await validate(['-', '--node-name=a_b'], bytes(GOOD))).stdout, /"a-a_b"/);
});

test('what the machine’s configuration forbids is an error, and what the defaults forbid a warning', async (t) => {
  const directory = await temporaryDirectory(t);
  const [pod, config] = [join(directory, 'pod.yaml'), join(directory, 'config.yaml')];
  await writeFile(pod, GOOD.replace('spec:', 'spec:\n  hostPID: true\n  runtimeClassName: kata'));
  const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
  await writeFile(config, `${head}admission: {allowHostPID: false}\nruntimeClasses: {kata: {handler: kata-qemu}}\n`);
  const strict = await validate(['--config', config, pod]);
  assert.equal(strict.status, 1);
  assert.match(
    strict.stdout,
    /pod\.yaml:6:12: error: spec\.hostPID: Forbidden: hostPID is not allowed on this machine \(allowHostPID\)\n/,
  );
  assert.match(strict.stdout, /1 error, 0 warnings\n$/);
  const byFlags = await validate(['--allow-host-pid=false', '--runtime-class=kata=x', pod]);
  assert.equal(byFlags.stdout, strict.stdout);
  const byDefault = await validate([pod]);
  assert.equal(byDefault.status, 0);
  assert.match(byDefault.stdout, /warning: spec\.runtimeClassName: .*"kata" not found/);
  await writeFile(config, `${head}admission: {allowHostPid: false}\n`);
  await assert.rejects(validate(['--config', config, pod]), {
    message: `${config}:3:13: admission.allowHostPid: unknown field; did you mean allowHostPID?`,
  });
});

test('what Pods name is looked for in all the files', async (t) => {
  const directory = await temporaryDirectory(t);
  const pod = GOOD.replace(
    'image: x:1',
    'image: x:1\n    envFrom: [{configMapRef: {name: c}}, {secretRef: {name: s}}]',
  );
  await writeFile(join(directory, 'a.yaml'), pod);
  await writeFile(join(directory, 'b.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {A: b}\n');
  const { status, stdout } = await validate([directory]);
  assert.equal(status, 0);
  assert.match(
    stdout,
    /a\.yaml:9:55: warning: spec\.containers\[0\]\.envFrom\[1\]\.secretRef\.name: secret "s" not found\n/,
  );
  assert.match(stdout, /2 files, 1 Pod: 0 errors, 1 warning\n$/);
});

test('secrets do not appear', async () => {
  const text = GOOD.replace('    image: x:1', '    image: ""\n    env:\n    - {name: A, value: hunter2, bogus: 1}');
  const { stdout } = await validate(['-'], bytes(text));
  assert.match(stdout, /bogus/);
  assert.doesNotMatch(stdout, /hunter2/);
});

test('usage: files are needed, flags are checked, --help explains', async () => {
  await assert.rejects(validate([]), UsageError);
  await assert.rejects(validate(['--strict', '-']), UsageError);
  await assert.rejects(validate(['--node-name=', '-']), UsageError);
  const { status, stdout } = await validate(['--help']);
  assert.equal(status, 0);
  assert.match(stdout, /Usage: rower validate FILE\.\.\. \[FLAGS\]\n/);
});

test('images that a policy refuses by their names are errors', async (t) => {
  const directory = await temporaryDirectory(t);
  const at = (name: string) => join(directory, name);
  await writeFile(at('a.yaml'), GOOD);
  await writeFile(
    at('images.yaml'),
    'apiVersion: rower.dev/v1alpha1\nkind: ImagePolicy\nimages:\n- matchImages: ["*"]\n  require: digest\n',
  );
  const { status, stdout } = await validate(['--image-policy', at('images.yaml'), at('a.yaml')]);
  assert.equal(status, 1);
  assert.match(
    stdout,
    /a\.yaml: error: Pod a-node: spec\.containers\[0\]\.image: \S+images\.yaml wants images of docker\.io\/library\/x by digest/,
  );
  await writeFile(at('a.yaml'), GOOD.replace('x:1', `x@sha256:${'a'.repeat(64)}`));
  assert.equal((await validate(['--image-policy', at('images.yaml'), at('a.yaml')])).status, 0);
  await assert.rejects(validate(['--image-policy', at('none.yaml'), at('a.yaml')]), UsageError);
});
