/** The listeners of the status endpoint, by the settings: the read-only one, the full one, and `/healthz` alone. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configz } from './config/configz.ts';
import type { Config } from './config/types.ts';
import type { Cri } from './cri/port.ts';
import type { CriStats } from './cri/stats.ts';
import { authenticator } from './http/access.ts';
import { loadCredentials, writeKubeconfig } from './http/credentials.ts';
import { startHealthz } from './http/healthz.ts';
import { Logs } from './http/logs.ts';
import { type HttpEndpoint, type HttpOptions, startHttp } from './http/server.ts';
import { Stats } from './http/stats.ts';
import type { Node } from './kubelet/node.ts';

export interface EndpointsInput {
  readonly config: Config;
  readonly node: Node;
  readonly cri: Pick<Cri, 'containerStatus' | 'imageFsInfo'> & CriStats;
  readonly common: Omit<HttpOptions, 'address' | 'port' | 'alsoOn' | 'insecure' | 'full' | 'stats'>;
}

/** Where the same machine is, in the other family. */
const OTHER_LOOPBACK: Readonly<Record<string, string>> = { '127.0.0.1': '::1', '::1': '127.0.0.1' };

/** Rejects with ListenError, or with the error of a file that cannot be used; nothing listens then. */
export async function startEndpoints(input: EndpointsInput): Promise<{ close(): Promise<void> }> {
  const { config, node, cri } = input;
  const { env, healthz } = input.common;
  const common = { ...input.common, stats: new Stats({ env, node, cri }) };
  const open: HttpEndpoint[] = [];
  const close = async () => void (await Promise.all(open.map((endpoint) => endpoint.close())));
  try {
    if (config.healthzPort !== 0)
      open.push(await startHealthz({ address: config.healthzBindAddress, port: config.healthzPort, healthz, env }));
    if (config.readOnlyPort !== 0) {
      const address = config.readOnlyAddress;
      const insecure = config.insecureReadOnly;
      open.push(await startHttp({ ...common, ...at(address), port: config.readOnlyPort, insecure }));
    }
    if (config.port !== 0) open.push(await startFull({ ...input, common }));
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startFull({ config, node, cri, common }: EndpointsInput): Promise<HttpEndpoint> {
  const { env } = common;
  const { cert, key, token, tokenFile } = await loadCredentials({
    env,
    directory: join(config.rootDir, 'endpoint'),
    nodeName: node.name,
    ips: node.ips,
    certFile: config.tlsCertFile,
    keyFile: config.tlsPrivateKeyFile,
  });
  const endpoint = await startHttp({
    ...common,
    ...at(config.address),
    port: config.port,
    full: {
      tls: { cert, key, ...(config.clientCAFile && { clientCa: await readFile(config.clientCAFile, 'utf8') }) },
      authenticate: authenticator(tokenFile),
      logs: new Logs({ env, cri }),
      kubeconfig: config.writeKubeconfig,
      configz: () => configz(config),
    },
  });
  const path = config.writeKubeconfig;
  if (path) {
    await writeKubeconfig({ path, address: config.address, port: endpoint.port, cert, token }).then(
      () => env.log.info({ path }, 'kubectl can use this kubeconfig'),
      // A file system that cannot be written does not keep Pods from running.
      (error: Error) => env.log.warn({ path, error: error.message }, 'could not write the kubeconfig'),
    );
  }
  return endpoint;
}

function at(address: string): { address: string; alsoOn?: string } {
  const alsoOn = OTHER_LOOPBACK[address];
  return { address, ...(alsoOn && { alsoOn }) };
}
