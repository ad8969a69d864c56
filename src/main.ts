/** The composition root of the agent: settings in, everything built and wired, run until told to stop. */
import os from 'node:os';
import process from 'node:process';
import type { CliIo } from './cli/io.ts';
import type { Config } from './config/types.ts';
import { createCriClient } from './cri/client.ts';
import { startEndpoints } from './endpoints.ts';
import { createMetrics } from './http/metrics.ts';
import { createProbeMetrics } from './http/probe-metrics.ts';
import { readResolvConf } from './kubelet/dns/resolv-conf.ts';
import { type Env, sleep } from './kubelet/env.ts';
import { EventRing } from './kubelet/events.ts';
import { realHooks } from './kubelet/hooks.ts';
import { openKeptDocuments } from './kubelet/kept-documents.ts';
import { Kubelet } from './kubelet/loop.ts';
import type { Node } from './kubelet/node.ts';
import { addresses, gatherNode } from './kubelet/node-facts.ts';
import { shutdownGroups } from './kubelet/plan/shutdown.ts';
import { NodeShutdown } from './kubelet/shutdown.ts';
import { directorySource } from './kubelet/sources/directory.ts';
import type { Source } from './kubelet/sources/source.ts';
import { urlSource } from './kubelet/sources/url.ts';
import { realHost } from './kubelet/volumes/host.ts';
import { prepareMetadata } from './metadata-agent.ts';
import { probeHandlers } from './probes/kinds.ts';
import { createProber } from './probes/prober.ts';
import { verdictDirectory, verdictFile } from './probes/verdict-file.ts';
import { Verdicts } from './probes/verdicts.ts';
import { jsonLog, realEnv } from './real-env.ts';
import { lockRootDir, RootDirInUse } from './root-lock.ts';
import { createPull, runServices } from './services.ts';
import { VERSION } from './version.ts';

/** Addresses come and go (DHCP, a late network): looked at again this often. */
const ADDRESS_CHECK_MS = 10_000;

/** Runs the agent until SIGTERM or SIGINT; containers run on. Resolves to the exit status. */
export async function runAgent(config: Config, io: CliIo): Promise<number> {
  const env = realEnv(jsonLog(config.verbosity));
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      env.log.info({ signal }, 'stopping; containers run on');
      stop.abort();
    });
  }
  let unlock: (() => void) | undefined;
  let endpoint: { close(): Promise<void> } | undefined;
  try {
    unlock = await lockRootDir(config.rootDir);
    const agent = await build(config, env);
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
    await agent.run(stop.signal);
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
    shutdownGroups(config.shutdownGracePeriodMs, config.shutdownGracePeriodCriticalPodsMs),
    () => kubelet.poke(),
  );
  const kubelet: Kubelet = new Kubelet({
    env,
    cri: client.cri,
    events: client.events,
    host: realHost({ rootDir: config.rootDir, podLogsDir: config.podLogsDir, env, node }),
    sources: sources(config, node, env),
    node,
    documents,
    settings: {
      maxPods: config.maxPods,
      maxContainerRestartPeriodMs: config.maxContainerRestartPeriodMs,
      maxParallelImagePulls: config.maxParallelImagePulls,
      startConcurrency: 2 * os.availableParallelism(),
    },
    resolvConf: () => readResolvConf(config.resolvConf),
    meter: metrics.meter,
    recorder,
    runHook: realHooks({ env, cri: client.cri, record: recorder.record }),
    prober,
    pull: await createPull(config, env, client),
    shutdown,
    introduce: async () => {
      node.cgroupDriver = (await client.cri.cgroupDriver()) ?? config.cgroupDriver;
    },
  });
  kubelet.onPublished((published) => probeMetrics.forget(published));
  if (metadata) kubelet.onPublished((published) => metadata.look(published));
  return {
    node,
    listen: () =>
      startEndpoints({
        config,
        node,
        cri: { ...client.cri, ...client.stats },
        common: {
          published: () => kubelet.published(),
          subscribe: (listener) => kubelet.onPublished(listener),
          events: recorder,
          metrics: () => metrics.text(kubelet.published()),
          probeMetrics: probeMetrics.text,
          insight: (key) => kubelet.insight(key),
          healthz: () => kubelet.problems(),
          manifests: config.podManifestPath || config.manifestUrl,
          env,
          observe: metrics.observe,
        },
      }),
    run: async (signal: AbortSignal) => {
      const watching = watchAddresses(config, node, env, signal);
      const metadataRuns = metadata?.run(signal);
      const services = runServices({ config, env, client, node, kubelet, recorder, shutdown }, signal);
      await kubelet.run(signal);
      await services;
      await metadataRuns;
      await documents.settled();
      client.close();
      await watching;
    },
  };
}

function sources(config: Config, node: Node, env: Env): Source[] {
  const list: Source[] = [];
  if (config.podManifestPath)
    list.push(
      directorySource({
        path: config.podManifestPath,
        rescanMs: config.fileCheckFrequencyMs,
        nodeName: node.name,
        env,
      }),
    );
  if (config.manifestUrl)
    list.push(
      urlSource({
        url: config.manifestUrl,
        headers: config.manifestUrlHeaders,
        pollMs: config.httpCheckFrequencyMs,
        nodeName: node.name,
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
