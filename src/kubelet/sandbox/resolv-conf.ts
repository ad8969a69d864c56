import type { ResolvConf } from '../node.ts';
import { ConfigError } from './config-error.ts';

/** What a Pod gets when the agent is told to use no resolver file: the usual default of resolv.conf(5), no search. */
export const NO_RESOLV_CONF: ResolvConf = { servers: ['127.0.0.1'], searches: ['.'], options: [] };

/**
 * resolv.conf(5) as the kubelet reads it: name servers and options accumulate (a later option of the same name wins), of
 * `search` the last line wins, everything else is ignored. Throws ConfigError for a `nameserver` line without an address.
 */
export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  let searches: string[] = [];
  const options = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver') {
      if (values[0] === undefined)
        throw new ConfigError(`line ${index + 1} of the resolver file has a nameserver without an address`);
      servers.push(values[0]);
    } else if (keyword === 'search') {
      searches = values.filter((domain) => domain !== '.').map((domain) => domain.replace(/\.$/, ''));
    } else if (keyword === 'options') {
      for (const option of values) options.set(option.split(':')[0] as string, option);
    }
  }
  return { servers, searches, options: [...options.values()] };
}
