/** The composition root of the agent: settings in, everything built and wired, run until told to stop. */
import os from 'node:os';
import process from 'node:process';
import { isatty } from 'node:tty';
import type { CliIo } from './cli/io.ts';
import type { LoadedConfig } from './config/load.ts';
import type { Config } from './config/types.ts';
import { createCriClient } from './cri/client.ts';
import { startEndpoints } from './endpoints.ts';
import { createMetrics } from './http/metrics.ts';
import { createProbeMetrics } from './http/probe-metrics.ts';
import { systemBusSocket } from './kubelet/dbus/bus.ts';
import { readResolvConf } from './kubelet/dns/resolv-conf.ts';
import { type Env, sleep } from './kubelet/env.ts';
import { EventRing } from './kubelet/events.ts';
import { realHooks } from './kubelet/hooks.ts';
import { openKeptAmounts } from './kubelet/kept-amounts.ts';
import { openKeptDocuments } from './kubelet/kept-documents.ts';
import { openKeptShutdown } from './kubelet/kept-shutdown.ts';
import { Kubelet } from './kubelet/loop.ts';
import type { Node } from './kubelet/node.ts';
import { addresses, gatherNode } from './kubelet/node-facts.ts';
import { NodePressure } from './kubelet/node-pressure.ts';
import { NodeShutdown } from './kubelet/shutdown.ts';
import { directorySource } from './kubelet/sources/directory.ts';
import type { Source } from './kubelet/sources/source.ts';
import { urlSource } from './kubelet/sources/url.ts';
import { realHost } from './kubelet/volumes/host.ts';
import { type LiveSettings, liveSettings } from './live-settings.ts';
import { prepareMetadata } from './metadata-agent.ts';
import { probeHandlers } from './probes/kinds.ts';
import { createProber } from './probes/prober.ts';
import { verdictDirectory, verdictFile } from './probes/verdict-file.ts';
import { Verdicts } from './probes/verdicts.ts';
import { type AgentLog, jsonLog, realEnv } from './real-env.ts';
import { reload } from './reload.ts';
import { lockRootDir, RootDirInUse } from './root-lock.ts';
import { ServiceManager } from './service-manager.ts';
import { createPull, openImageGate, recordOnNode, reloadImagePolicy, runServices, shutdownOrder } from './services.ts';
import { VERSION } from './version.ts';

/** Addresses come and go (DHCP, a late network): looked at again this often. */
const ADDRESS_CHECK_MS = 10_000;

/** Runs the agent until SIGTERM or SIGINT; containers run on. `load` reads `config` again. Resolves to the exit status. */
export async function runAgent(config: Config, io: CliIo, load: () => LoadedConfig): Promise<number> {
  const log = jsonLog(config.verbosity);
  const env = realEnv(log);
  const manager = new ServiceManager({ env, environment: process.env, pid: process.pid });
  const stop = new AbortController();
  const onStop = (signal: string) => {
    env.log.info({ signal }, 'stopping; containers run on');
    void manager.stopping();
    stop.abort();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, onStop);
  let onReload = () => {};
  const atTerminal = isatty(2);
  // From a terminal that has gone it means the end, as for every program.
  process.on('SIGHUP', () => (atTerminal && !isatty(2) ? onStop('SIGHUP') : onReload()));
  let unlock: (() => void) | undefined;
  let endpoint: { close(): Promise<void> } | undefined;
  try {
    unlock = await lockRootDir(config.rootDir);
    const agent = await build(config, env);
    onReload = () => {
      void manager.reloading();
      void Promise.all([agent.firstRound, agent.reload(log, load)]).then(() => manager.ready(agent.status()));
    };
    endpoint = await agent.listen();
    env.log.info(
      {
        version: VERSION,
        node: agent.node.name,
        manifests: config.podManifestPath || config.manifestUrl,
        rootDir: config.rootDir,
      },
      'rower runs',
    );
    void agent.firstRound.then(() => manager.ready(agent.status()));
    await Promise.all([agent.run(stop.signal), manager.watch(agent.problems, agent.status, stop.signal)]);
    await manager.settled();
    return 0;
  } catch (error) {
    if (error instanceof RootDirInUse || isStartError(error)) io.stderr(`rower run: ${(error as Error).message}\n`);
    else throw error;
    return 1;
  } finally {
    await endpoint?.close();
    unlock?.();
  }
}

/** What can go wrong with the machine when an agent starts; anything else is a fault of ours and shows its stack. */
function isStartError(error: unknown): boolean {
  return error instanceof Error && ('code' in error || error.name === 'ListenError');
}

async function build(config: Config, env: Env) {
  const live = liveSettings(config);
  const metrics = createMetrics(env);
  const recorder = new EventRing(env);
  const client = createCriClient({
    endpoints: config.containerRuntimeEndpoints,
    imageEndpoint: config.imageServiceEndpoint,
    env,
    onCall: (call, durationMs, failed) => {
      metrics.meter.runtimeOperation(call, durationMs, failed);
      env.log.debug({ call, durationMs, failed }, 'runtime call');
    },
  });
  const node = await gatherNode(config);
  const metadata = await prepareMetadata({ config, node, env, recorder });
  const documents = await openKeptDocuments({ rootDir: config.rootDir, runDir: verdictDirectory(config.rootDir), env });
  const amounts = await openKeptAmounts(config.rootDir, env);
  const gate = await openImageGate({ config, env, client }, metrics.meter);
  const probeMetrics = createProbeMetrics();
  const mirror = verdictFile(verdictDirectory(config.rootDir), env.log);
  const prober = createProber({
    env,
    handlers: probeHandlers({ env, cri: client.cri }),
    verdicts: new Verdicts({ env, mirror, known: await mirror.read() }),
    record: recorder.record,
    meter: probeMetrics.meter,
    execsAtOnce: 2 * os.availableParallelism(),
  });
  const shutdown = new NodeShutdown(
    env,
    shutdownOrder(config),
    () => kubelet.poke(),
    await openKeptShutdown(config.rootDir, env),
  );
  const kubelet: Kubelet = new Kubelet({
    env,
    cri: gate.guard(client.cri),
    stats: client.stats,
    events: client.events,
    host: realHost({
      rootDir: config.rootDir,
      podLogsDir: config.podLogsDir,
      env,
      node,
      busSocket: systemBusSocket(process.env.DBUS_SYSTEM_BUS_ADDRESS),
    }),
    sources: sources(config, live, node, env),
    node,
    documents,
    amounts,
    settings: live.kubelet,
    resolvConf: () => readResolvConf(live.resolvConf),
    meter: metrics.meter,
    recorder,
    runHook: realHooks({ env, cri: client.cri, record: recorder.record }),
    prober,
    pull: await createPull(config, env, client, gate),
    shutdown,
    metadata: metadata?.view,
    introduce: async () => {
      node.cgroupDriver = (await client.cri.cgroupDriver()) ?? config.cgroupDriver;
    },
  });
  const pressure = new NodePressure({
    env,
    cri: client.cri,
    rootDir: config.rootDir,
    podLogsDir: config.podLogsDir,
    complain: (reason, message) => recordOnNode({ recorder, node })('Warning', reason, message),
    thresholds: config.evictionHard,
    transitionMs: config.evictionPressureTransitionPeriodMs,
    record: (reason) =>
      recorder.record(
        { kind: 'Node', namespace: 'default', name: node.name, uid: node.name },
        'Normal',
        reason,
        `Node ${node.name} status is now: ${reason}`,
      ),
  });
  kubelet.onPublished((published) => probeMetrics.forget(published));
  if (metadata) kubelet.onPublished((published) => metadata.look(published));
  return {
    node,
    problems: () => kubelet.problems(),
    /** One line for people. */
    status: () => {
      const { pods, runtime } = kubelet.published();
      return `${pods.length} Pods; ${runtime.message || `${runtime.name} ${runtime.version}`}`;
    },
    /** The runtime was asked, whether it answered or not. */
    firstRound: new Promise<void>((resolve) => {
      const stop = kubelet.onPublished(() => {
        stop();
        resolve();
      });
    }),
    async reload(log: AgentLog, load: () => LoadedConfig) {
      const record = recordOnNode({ recorder, node });
      reload({ config, node, log, load, record, replan: () => kubelet.replan() });
      metadata?.askAgain();
      await reloadImagePolicy({ config, env, kubelet, gate }, record);
    },
    listen: () =>
      startEndpoints({
        config,
        node,
        cri: { ...client.cri, ...client.stats },
        common: {
          published: () => kubelet.published(),
          subscribe: (listener) => {
            const stops = [kubelet.onPublished(listener), pressure.onChange(() => listener(kubelet.published()))];
            return () => {
              for (const stop of stops) stop();
            };
          },
          machine: () => pressure.state(),
          events: recorder,
          metrics: () => metrics.text(kubelet.published()),
          probeMetrics: probeMetrics.text,
          probes: () => prober.lastResults(),
          insight: (key) => kubelet.insight(key),
          healthz: () => kubelet.problems(),
          manifests: config.podManifestPath || config.manifestUrl,
          env,
          began: metrics.began,
          observe: metrics.observe,
        },
      }),
    run: async (signal: AbortSignal) => {
      const watching = watchAddresses(config, node, env, signal);
      const metadataRuns = metadata?.run(signal, () => kubelet.poke());
      const pressureLooks = pressure.run(signal);
      const services = runServices({ config, live, env, client, node, kubelet, recorder, shutdown, gate }, signal);
      await kubelet.run(signal);
      await services;
      await pressureLooks;
      await metadataRuns;
      await documents.settled();
      await amounts.settled();
      client.close();
      await watching;
    },
  };
}

function sources(config: Config, { sources: live }: LiveSettings, node: Node, env: Env): Source[] {
  const list: Source[] = [];
  if (config.podManifestPath)
    list.push(
      directorySource({
        path: config.podManifestPath,
        get rescanMs() {
          return live.fileCheckMs;
        },
        nodeName: node.name,
        runtimeClasses: node.runtimeClasses,
        env,
      }),
    );
  if (config.manifestUrl)
    list.push(
      urlSource({
        url: config.manifestUrl,
        headers: config.manifestUrlHeaders,
        get pollMs() {
          return live.httpCheckMs;
        },
        nodeName: node.name,
        runtimeClasses: node.runtimeClasses,
        env,
      }),
    );
  return list;
}

async function watchAddresses(config: Config, node: Node, env: Env, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(env, ADDRESS_CHECK_MS, signal);
    const ips = await addresses(config.nodeIp);
    if (ips.length > 0 && ips.join() !== node.ips.join()) {
      env.log.info({ before: node.ips, now: ips }, 'the addresses of this machine changed');
      node.ips = ips;
    }
  }
}
