/** `/proc/net/dev`: what the kernel counts of the network interfaces of one network namespace (proc_pid_net(5)). */
import type { InterfaceUsage } from '../cri/stats.ts';

/** The loopback, and the ends of tunnels that kernel modules put into every namespace. */
const NOT_TOLD = /^(?:lo|(?:sit|tunl|ip6tnl|gre|gretap|ip6gre|erspan|ip_vti|ip6_vti|teql)\d+)$/;

/** In the kernel's order; without those that lead nowhere. */
export function parseNetDev(table: string): InterfaceUsage[] {
  return table.split('\n').flatMap((line) => {
    const at = line.indexOf(':');
    const name = line.slice(0, at).trim();
    const values = line
      .slice(at + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    if (at < 0 || NOT_TOLD.test(name) || values.length < 12 || values.some(Number.isNaN)) return [];
    // rx: bytes packets errs drop fifo frame compressed multicast; tx: bytes packets errs drop …
    const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0, , , , , ...tx] = values;
    const [txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] = tx;
    return [{ name, rxBytes, rxErrors, txBytes, txErrors, rxPackets, rxDropped, txPackets, txDropped }];
  });
}
