/**
 * The quick start: Rower on its own private containerd, with two example Pods, until Ctrl-C.
 *
 *     npm start
 *     npm start -- --read-only-port 10300          another port for the status endpoint
 *     npm start -- --state /tmp/rower              another place than .rower/
 *     npm start -- --container-runtime-endpoint unix:///run/containerd/containerd.sock
 *
 * Everything it makes is in the state directory. Stopping removes the Pods and the private containerd; the manifests stay
 * as they are.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildBundle, describeBuild } from './build.ts';
import { type PrivateContainerd, startContainerd } from './containerd.ts';
import { buildImages, demoImage, importImages } from './images.ts';
import { installForContainers } from './install-debian.ts';
import { ROOT } from './root.ts';
import { type Agent, startAgent, stopFormerAgent } from './start-agent.ts';
import { requireFree, StartError, StartFiles } from './start-files.ts';
import { runs, waitForPods } from './start-pods.ts';

const RUNNING_LIMIT_MS = 60_000;
const REMOVED_LIMIT_MS = 15_000;
const LOG_LINES = 20;
const DEFAULT_PORT = '10255';

interface Options {
  files: StartFiles;
  /** Port of the status endpoint. */
  port: number;
  server: string;
  /** Empty: a private containerd. */
  endpoint: string;
}

function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      'read-only-port': { type: 'string', default: DEFAULT_PORT },
      state: { type: 'string', default: path.join(ROOT, '.rower') },
      'container-runtime-endpoint': { type: 'string', default: '' },
    },
  });
  const port = Number(values['read-only-port']);
  return {
    files: new StartFiles(path.resolve(values.state)),
    port,
    server: `http://127.0.0.1:${port}`,
    endpoint: values['container-runtime-endpoint'],
  };
}

function say(text: string): void {
  console.log(text);
}

interface Runtime {
  endpoint: string;
  cgroupRoot: string;
  /** Set when it is ours to stop. */
  containerd?: PrivateContainerd;
}

async function findRuntime({ endpoint, files }: Options): Promise<Runtime> {
  if (endpoint === '') {
    say('Starting a private containerd …');
    const containerd = await startContainerd({ dir: path.join(files.state, 'containerd') }).catch((error: Error) => {
      throw new StartError(error.message, { cause: error });
    });
    return { endpoint: containerd.endpoint, cgroupRoot: containerd.cgroupRoot, containerd };
  }
  const socket = endpoint.replace(/^unix:\/\//, '');
  if (!existsSync(socket)) throw new StartError(`there is no ${socket}: is the container runtime running?`);
  await importImages({ socket }, buildImages([demoImage()])).catch((error: Error) => {
    say(`The demo image could not be brought into ${socket}: ${error.message}`);
  });
  return { endpoint, cgroupRoot: '/' };
}

function launch({ files, port }: Options, runtime: Runtime): Agent {
  files.writeConfig(runtime.cgroupRoot);
  writeFileSync(files.logFile, '');
  return startAgent({
    flags: [
      ...['--config', files.config, '--pod-manifest-path', files.pods],
      ...['--container-runtime-endpoint', runtime.endpoint, '--hostname-override', 'demo'],
      ...['--root-dir', files.directory('root'), '--pod-logs-dir', files.directory('logs')],
      ...['--read-only-port', String(port), '--port', '0', '--healthz-port', '0'],
      // What this machine's own cloud may give it is not for this demonstration.
      ...['--metadata', 'none'],
    ],
    logFile: files.logFile,
    pidFile: files.pidFile,
    onRestart: (signal, pid) => say(`The agent was ended by ${signal} and runs again as ${pid}.`),
  });
}

function showPods({ files, port, server }: Options, allRun: boolean): void {
  const relative = (file: string) => (file.startsWith(`${process.cwd()}/`) ? path.relative(process.cwd(), file) : file);
  const table = execFileSync(path.join(ROOT, 'bin', 'rower'), ['get', 'pods', '--server', server], {
    encoding: 'utf8',
  });
  const urls = files.hostPorts().map((one) => `  curl http://127.0.0.1:${one}/\n`);
  say(`\n${table}`);
  if (!allRun) say(`Not every Pod is ready yet. The agent's log: ${relative(files.logFile)}\n`);
  say(`Look at it:
${urls.join('')}  kubectl -s ${server} get pods -o wide
  bin/rower get pods${String(port) === DEFAULT_PORT ? '' : ` --server ${server}`}
  curl ${server}/metrics

Manifests: ${relative(files.pods)}   edit, add or delete one: the agent follows at once
Log:       ${relative(files.logFile)}
Agent:     kill -9 $(cat ${relative(files.pidFile)})   it comes back, and no container notices

Ctrl-C stops everything.`);
}

/** Shows the Pods once they run; returns when told to stop. Throws StartError when the agent ends by itself. */
async function serve(options: Options, agent: Agent, stop: AbortSignal): Promise<void> {
  const over = new AbortController();
  const ended = agent.ended.finally(() => over.abort());
  ended.catch(() => {});
  const waiting = AbortSignal.any([stop, over.signal]);
  const isUp = await waitForPods(
    options.server,
    RUNNING_LIMIT_MS,
    waiting,
    (pods) => pods.length > 0 && pods.every(runs),
  );
  if (!waiting.aborted) showPods(options, isUp);
  const stopped = new Promise<undefined>((resolve) => {
    if (stop.aborted) resolve(undefined);
    stop.addEventListener('abort', () => resolve(undefined));
  });
  const status = await Promise.race([ended, stopped]);
  if (status === undefined) return;
  const { files } = options;
  throw new StartError(
    `the agent ended with status ${status}; the end of ${files.logFile}:\n${files.logTail(LOG_LINES)}`,
  );
}

async function main(options: Options): Promise<void> {
  const stop = new AbortController();
  const hurry = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => (stop.signal.aborted ? hurry : stop).abort());
  }
  const { files, port, server } = options;
  await files.prepare();
  const problems = options.endpoint === '' ? installForContainers(say) : [];
  if (problems.length > 0) throw new StartError(`containers cannot run here:\n  ${problems.join('\n  ')}`);
  if (await stopFormerAgent(files.pidFile)) say('Stopped the agent of a former start.');
  await requireFree(port, 'name another one with npm start -- --read-only-port N');
  for (const one of files.hostPorts()) await requireFree(one, `change the hostPort in ${files.pods}`);
  say(describeBuild(await buildBundle()));

  let agent: Agent | undefined;
  let runtime: Runtime | undefined;
  try {
    runtime = await findRuntime(options);
    if (stop.signal.aborted) return;
    agent = launch(options, runtime);
    await serve(options, agent, stop.signal);
    say('\nStopping …');
    // With its manifests gone the agent stops and removes its Pods, each with its own grace period.
    await files.withoutPods(async () => {
      const isEmpty = await waitForPods(server, REMOVED_LIMIT_MS, hurry.signal, (pods) => pods.length === 0);
      if (!isEmpty) say('Some Pods did not stop in time.');
    });
  } finally {
    await agent?.stop();
    await runtime?.containerd?.stop();
    say(`Stopped. What is left is in ${files.state}`);
  }
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  const isOurs = error instanceof StartError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  console.error(`npm start: ${isOurs ? (error as Error).message : ((error as Error).stack ?? error)}`);
  process.exitCode = 1;
}
