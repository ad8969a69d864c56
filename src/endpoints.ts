/** The listeners of the status endpoint, by the settings: the read-only one, the full one, and `/healthz` alone. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { configz } from './config/configz.ts';
import type { Config } from './config/types.ts';
import type { Cri } from './cri/port.ts';
import type { CriStats } from './cri/stats.ts';
import { authenticator } from './http/access.ts';
import { expiryOf, loadCredentials, readClientCa, tokenFileIn, writeKubeconfig } from './http/credentials.ts';
import { startHealthz } from './http/healthz.ts';
import { Logs } from './http/logs.ts';
import { fileStamp, watchFiles } from './http/reload.ts';
import { type HttpOptions, startHttp } from './http/server.ts';
import { Stats } from './http/stats.ts';
import { VolumeUsages } from './http/volume-usage.ts';
import type { Cancel, Env } from './kubelet/env.ts';
import type { Node } from './kubelet/node.ts';
import { messageOf } from './kubelet/sources/regular-file.ts';

export interface EndpointsInput {
  readonly config: Config;
  readonly node: Node;
  readonly cri: Pick<Cri, 'containerStatus' | 'imageFsInfo'> & CriStats;
  readonly common: Omit<
    HttpOptions,
    'address' | 'port' | 'alsoOn' | 'insecure' | 'full' | 'stats' | 'volumes' | 'kubeconfig' | 'certificateExpiresMs'
  >;
}

type Common = EndpointsInput['common'] & Pick<HttpOptions, 'kubeconfig' | 'stats' | 'volumes' | 'certificateExpiresMs'>;

/** After a kubeconfig that could not be written: there may be room again. */
const RETRY_MS = 60_000;

interface Closing {
  close(): Promise<void>;
}

/** Where the same machine is, in the other family. */
const OTHER_LOOPBACK: Readonly<Record<string, string>> = { '127.0.0.1': '::1', '::1': '127.0.0.1' };

/** Rejects with ListenError, or with the error of a file that cannot be used; nothing listens then. */
export async function startEndpoints(input: EndpointsInput): Promise<{ close(): Promise<void> }> {
  const { config, node, cri } = input;
  const { env, healthz } = input.common;
  const kubeconfig = config.port === 0 ? '' : config.writeKubeconfig;
  let expiresMs: number | undefined;
  const common: Common = {
    ...input.common,
    kubeconfig,
    stats: new Stats({ env, node, cri }),
    volumes: new VolumeUsages(env),
    certificateExpiresMs: () => expiresMs,
  };
  const took = (cert: string) => {
    expiresMs = expiryOf(cert);
  };
  const open: Closing[] = [];
  const close = async () => void (await Promise.all(open.map((endpoint) => endpoint.close())));
  try {
    if (config.healthzPort !== 0)
      open.push(await startHealthz({ address: config.healthzBindAddress, port: config.healthzPort, healthz, env }));
    if (config.readOnlyPort !== 0) {
      const address = config.readOnlyAddress;
      const insecure = config.insecureReadOnly;
      open.push(await startHttp({ ...common, ...at(address), port: config.readOnlyPort, insecure }));
    }
    if (config.port !== 0) open.push(await startFull({ ...input, common }, took));
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** `took`: told of each certificate that is taken. */
async function startFull(
  { config, node, cri, common }: EndpointsInput & { common: Common },
  took: (cert: string) => void,
): Promise<Closing> {
  const { env } = common;
  const directory = join(config.rootDir, 'endpoint');
  const load = async () => {
    const credentials = await loadCredentials({
      env,
      directory,
      nodeName: node.name,
      ips: node.ips,
      certFile: config.tlsCertFile,
      keyFile: config.tlsPrivateKeyFile,
    });
    const clientCa = config.clientCAFile && (await readClientCa(config.clientCAFile));
    return { ...credentials, tls: { cert: credentials.cert, key: credentials.key, ...(clientCa && { clientCa }) } };
  };
  const tokenFile = tokenFileIn(directory);
  const own = ['tls.crt', 'tls.key'].map((name) => join(directory, name));
  const pair = config.tlsCertFile ? [config.tlsCertFile, config.tlsPrivateKeyFile] : own;
  const files = [...pair, config.clientCAFile, tokenFile].filter(Boolean);
  const also = () => node.ips.join();
  const since = await fileStamp(files, also);
  let used = await load();
  took(used.cert);
  const endpoint = await startHttp({
    ...common,
    ...at(config.address),
    port: config.port,
    full: {
      tls: used.tls,
      authenticate: authenticator(tokenFile),
      logs: new Logs({ env, cri }),
      configz: () => configz(config),
    },
  });
  let cancelRetry: Cancel = () => {};
  let isClosed = false;
  const tell = async () => {
    cancelRetry();
    const told = await tellKubectl(config, endpoint.port, used, env);
    if (!told && !isClosed) cancelRetry = env.after(RETRY_MS, () => void tell());
  };
  await tell();
  const stop = watchFiles({
    env,
    files,
    also,
    since,
    async reload() {
      const next = await load();
      if (isDeepStrictEqual(next, used)) return;
      endpoint.setTls(next.tls);
      used = next;
      took(used.cert);
      env.log.info({ files }, 'the status endpoint took in a change of its certificate or its token');
      await tell();
    },
  });
  return {
    async close() {
      isClosed = true;
      stop();
      cancelRetry();
      await endpoint.close();
    },
  };
}

/** Whether it could. */
async function tellKubectl(
  { writeKubeconfig: path, address }: Config,
  port: number,
  { cert, token }: { cert: string; token: string },
  env: Env,
): Promise<boolean> {
  if (!path) return true;
  try {
    await writeKubeconfig({ path, address, port, cert, token });
    env.log.info({ path }, 'kubectl can use this kubeconfig');
    return true;
  } catch (error) {
    // A file system that cannot be written does not keep Pods from running.
    env.log.warn({ path, error: messageOf(error) }, 'could not write the kubeconfig; tried again in a minute');
    return false;
  }
}

function at(address: string): { address: string; alsoOn?: string } {
  const alsoOn = OTHER_LOOPBACK[address];
  return { address, ...(alsoOn && { alsoOn }) };
}
