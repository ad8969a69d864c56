import type { ResolvConf } from '../node.ts';
import { ConfigError } from '../sandbox/config-error.ts';
import { NO_RESOLV_CONF, parseResolvConf } from '../sandbox/resolv-conf.ts';
import { readLimited } from '../volumes/files.ts';

const LIMIT_BYTES = 1024 * 1024;

/**
 * The host's resolver settings, read anew for every sandbox. `path` empty: name server 127.0.0.1.
 * Throws ConfigError when the file cannot be read or understood.
 */
export async function readResolvConf(path: string): Promise<ResolvConf> {
  if (path === '') return NO_RESOLV_CONF;
  try {
    return parseResolvConf((await readLimited(path, LIMIT_BYTES)).toString());
  } catch (error) {
    throw new ConfigError(`${path}: ${(error as Error).message}; set resolvConf to a readable resolver file`);
  }
}
