import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * Names of probe hosts, one question at a time for each name: the system's resolver blocks a thread, and there are few.
 * So probes of a name that hangs pile nothing up.
 */
export function probeLookup(): LookupFunction {
  type Done = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
  const asked = new Map<string, Done[]>();

  function resolve(name: string, done: Done): void {
    const others = asked.get(name);
    if (others) {
      others.push(done);
      return;
    }
    asked.set(name, [done]);
    lookup(name, { all: true }, (error, addresses) => {
      const waiting = asked.get(name) ?? [];
      asked.delete(name);
      for (const each of waiting) each(error, addresses);
    });
  }

  return (name, { all }, callback) => {
    if (name === 'localhost')
      return answer([
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ]);
    resolve(name, (error, addresses) => (error ? callback(error, []) : answer(addresses)));

    function answer(addresses: LookupAddress[]): void {
      const [one] = addresses;
      if (all || !one) callback(null, addresses);
      else callback(null, one.address, one.family);
    }
  };
}
