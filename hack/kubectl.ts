/**
 * Real programs of other Debian releases, unpacked into `.rower/` and never installed: clients for the tests.
 *
 * apt does the work under a configuration of its own (own lists, cache and state; the machine's proxies stay), so
 * signatures are checked against Debian's keyring and the machine's apt state is not touched. The mirror is the one
 * that this machine is configured with.
 *
 * To add one: a row in RELEASES or a function like `promtool`.
 */
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL('../.rower/debian', import.meta.url));
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const DOWNLOAD_LIMIT_MS = 5 * 60_000;

/** Which release has which client. */
const RELEASES = {
  '1.20': { suite: 'bookworm', package: 'kubernetes-client' },
  '1.32': { suite: 'trixie', package: 'kubectl' },
  '1.36': { suite: 'sid', package: 'kubectl' },
} as const;

export type KubectlVersion = keyof typeof RELEASES;

/** Path of a real kubectl of that version. Throws an Error that tells what to do when it cannot be had. */
export async function kubectl(version: KubectlVersion): Promise<string> {
  const { suite, package: name } = RELEASES[version];
  return program(`kubectl-${version}`, suite, name, 'kubectl');
}

/** Path of promtool: the installed one, else one unpacked from Debian. */
export async function promtool(): Promise<string> {
  return (await installed('promtool')) ?? program('promtool', 'bookworm', 'prometheus', 'promtool');
}

export type PrometheusVersion = '2' | '3';

/** Path of a Prometheus server: that of Debian bookworm (2.42) or of sid (3.5). */
export async function prometheus(version: PrometheusVersion): Promise<string> {
  return program(`prometheus-${version}`, version === '2' ? 'bookworm' : 'sid', 'prometheus', 'prometheus');
}

async function installed(name: string): Promise<string | undefined> {
  for (const directory of (process.env.PATH ?? '').split(':')) {
    if (directory && (await exists(join(directory, name)))) return join(directory, name);
  }
  return undefined;
}

/** Path of cosign, unpacked from Debian. */
export async function cosign(): Promise<string> {
  return program('cosign', 'sid', 'cosign', 'cosign');
}

async function program(slot: string, suite: string, packageName: string, file: string): Promise<string> {
  const path = join(CACHE, slot, file);
  if (await exists(path)) return path;
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, `${slot}.`));
  try {
    await download(work, suite, packageName);
    const found = await findProgram(join(work, 'root'), file);
    await mkdir(dirname(path), { recursive: true });
    await rename(found, path);
    return path;
  } catch (cause) {
    const detail = String((cause as { stderr?: string }).stderr || (cause as Error).message).trim();
    throw new Error(`no ${file} from Debian ${suite}: is the Debian mirror reachable? ${detail}`, { cause });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Fetches the suite's package and unpacks it to `work/root`. */
async function download(work: string, suite: string, packageName: string): Promise<void> {
  await mkdir(join(work, 'state/lists/partial'), { recursive: true });
  await mkdir(join(work, 'cache/archives/partial'), { recursive: true });
  await writeFile(join(work, 'status'), '');
  await writeFile(join(work, 'sources.list'), `deb [signed-by=${KEYRING}] ${await mirror()} ${suite} main\n`);
  await writeFile(
    join(work, 'apt.conf'),
    [
      `Dir::State "${work}/state";`,
      `Dir::State::status "${work}/status";`,
      `Dir::Cache "${work}/cache";`,
      `Dir::Etc::sourcelist "${work}/sources.list";`,
      'Dir::Etc::sourceparts "/dev/null";',
      'Dir::Etc::preferences "/dev/null";',
      'Dir::Etc::preferencesparts "/dev/null";',
      'APT::Sandbox::User "root";',
      'Acquire::Languages "none";',
      'Acquire::Retries "2";',
      '#clear APT::Update::Pre-Invoke;',
      '#clear APT::Update::Post-Invoke;',
      '#clear APT::Update::Post-Invoke-Success;',
      '',
    ].join('\n'),
  );
  const apt = (...args: string[]) =>
    run('apt-get', ['-c', join(work, 'apt.conf'), '-qq', ...args], { cwd: work, timeout: DOWNLOAD_LIMIT_MS });
  await apt('update', '--error-on=any');
  await apt('download', packageName);
  const archive = (await readdir(work)).find((name) => name.endsWith('.deb'));
  if (!archive) throw new Error(`apt-get download left no package in ${work}`);
  await run('dpkg-deb', ['-x', join(work, archive), join(work, 'root')]);
}

/** The configured mirror that carries this machine's own release. */
async function mirror(): Promise<string> {
  const release = /^VERSION_CODENAME=(\S+)/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
  for (const { uri, suites } of await configuredSources()) if (release && suites.includes(release)) return uri;
  throw new Error(`no source in /etc/apt carries ${release ?? 'this release'}: add the Debian archive to sources.list`);
}

async function configuredSources(): Promise<{ uri: string; suites: string[] }[]> {
  const parts = await readdir('/etc/apt/sources.list.d').catch(() => []);
  const sources: { uri: string; suites: string[] }[] = [];
  for (const path of ['/etc/apt/sources.list', ...parts.map((name) => join('/etc/apt/sources.list.d', name))]) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (path.endsWith('.sources')) {
      for (const stanza of text.split(/\n\s*\n/)) {
        const uri = /^URIs:\s*(\S+)/m.exec(stanza)?.[1];
        const suites = /^Suites:\s*(.+)$/m.exec(stanza)?.[1]?.trim().split(/\s+/);
        if (uri && suites) sources.push({ uri, suites });
      }
    } else {
      for (const [, uri, suite] of text.matchAll(/^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/gm)) {
        if (uri && suite) sources.push({ uri, suites: [suite] });
      }
    }
  }
  return sources;
}

async function findProgram(root: string, file: string): Promise<string> {
  const { stdout } = await run('find', [root, '-type', 'f', '-name', file, '-path', '*/bin/*']);
  const [path] = stdout.trim().split('\n');
  if (!path) throw new Error(`the package holds no ${file}`);
  return path;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  for (const version of Object.keys(RELEASES) as KubectlVersion[]) console.log(version, await kubectl(version));
  console.log('promtool', await promtool());
  for (const version of ['2', '3'] as const) console.log(`prometheus ${version}`, await prometheus(version));
}
