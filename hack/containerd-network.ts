/** What a private containerd's CNI plugins leave on the machine: bridge, firewall rules, results, a sysctl. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from './containerd-config.ts';

const FAMILIES = ['iptables', 'ip6tables'] as const;
type Family = (typeof FAMILIES)[number];
const forwardFiles: Record<Family, string> = {
  iptables: '/proc/sys/net/ipv4/ip_forward',
  ip6tables: '/proc/sys/net/ipv6/conf/all/forwarding',
};
const resultsDir = '/var/lib/cni/results';
/** What the portmap plugin leaves behind for its next user. */
const sharedChains = ['CNI-HOSTPORT-DNAT', 'CNI-HOSTPORT-SETMARK', 'CNI-HOSTPORT-MASQ'];

/** Things of the machine that all private containerds share, as they were before the first of them. */
export type Before = Partial<Record<Family, { sharedChains: boolean; forward: string }>>;

export function lookAround(): Before {
  return Object.fromEntries(
    FAMILIES.map((family) => [
      family,
      {
        sharedChains: natRules(family).some((rule) => rule.startsWith(':CNI-HOSTPORT-DNAT ')),
        forward: forwardOf(family),
      },
    ]),
  );
}

/** Empty where the family is not there. */
function forwardOf(family: Family): string {
  return existsSync(forwardFiles[family]) ? readFileSync(forwardFiles[family], 'utf8').trim() : '';
}

/** Removes what is the instance's own. `ids` are those of its sandboxes. */
export function removeNetwork({ network, bridge }: Layout, ids: readonly string[]): void {
  for (const family of FAMILIES) {
    // Every rule that names the network, and the chains that such rules lead to or are in.
    const rules = natRules(family).filter((rule) => rule.startsWith('-A ') && rule.includes(`\\"${network}\\"`));
    const chains = rules.flatMap((rule) => rule.match(/\bCNI-(?:DN-)?[0-9a-f]{20,}\b/g) ?? []);
    removeRules(family, rules, [...new Set(chains)]);
  }
  if (existsSync(`/sys/class/net/${bridge}`)) execFileSync('ip', ['link', 'delete', bridge]);
  // libcni keeps the result of every ADD, named after network and sandbox, in a directory that cannot be configured.
  for (const name of existsSync(resultsDir) ? readdirSync(resultsDir) : []) {
    if (name.startsWith(`${network}-`) || ids.some((id) => name.includes(id))) unlinkSync(join(resultsDir, name));
  }
}

/** Takes back what the plugins leave for their next user, unless somebody else uses it by now. */
export function restoreNetwork(before: Before): void {
  for (const family of FAMILIES) restoreFamily(family, before[family]);
  for (const dir of [resultsDir, '/var/lib/cni']) {
    try {
      rmdirSync(dir);
    } catch {
      // Not empty, or not there.
    }
  }
}

function restoreFamily(family: Family, before: Before[Family]): void {
  if (!before) return;
  const rules = natRules(family);
  const inUse = rules.some((rule) => rule.includes('CNI-DN-'));
  if (!before.sharedChains && !inUse) {
    const chains = sharedChains.filter((chain) => rules.some((rule) => rule.startsWith(`:${chain} `)));
    const jumps = rules.filter(
      (rule) => rule.startsWith('-A ') && chains.some((chain) => rule.endsWith(` -j ${chain}`)),
    );
    removeRules(family, jumps, chains);
  }
  // The bridge plugin turns it on.
  if (before.forward === '0' && !inUse) writeFileSync(forwardFiles[family], '0');
}

/** None where the family is not there. */
function natRules(family: Family): string[] {
  try {
    const saved = execFileSync(`${family}-save`, ['-t', 'nat'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return saved.split('\n');
  } catch (error) {
    if (family === 'ip6tables') return [];
    throw error;
  }
}

/** All or nothing, in one transaction. `rules` as iptables-save prints them. */
function removeRules(family: Family, rules: readonly string[], chains: readonly string[]): void {
  if (rules.length + chains.length === 0) return;
  const input = [
    '*nat',
    ...rules.map((rule) => rule.replace(/^-A/, '-D')),
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
    'COMMIT\n',
  ].join('\n');
  execFileSync(`${family}-restore`, ['--noflush', '--wait'], { input, stdio: ['pipe', 'ignore', 'pipe'] });
}
