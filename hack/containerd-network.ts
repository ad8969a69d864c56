/** What a private containerd's CNI plugins leave on the machine: bridge, firewall rules, results, a sysctl. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from './containerd-config.ts';

const ipForwardFile = '/proc/sys/net/ipv4/ip_forward';
const resultsDir = '/var/lib/cni/results';
/** What the portmap plugin leaves behind for its next user. */
const sharedChains = ['CNI-HOSTPORT-DNAT', 'CNI-HOSTPORT-SETMARK', 'CNI-HOSTPORT-MASQ'];

/** Things of the machine that all private containerds share, as they were before the first of them. */
export interface Before {
  sharedChains: boolean;
  ipForward: string;
}

export function lookAround(): Before {
  return {
    sharedChains: natRules().some((rule) => rule.startsWith(':CNI-HOSTPORT-DNAT ')),
    ipForward: readFileSync(ipForwardFile, 'utf8').trim(),
  };
}

/** Removes what is the instance's own. `ids` are those of its sandboxes. */
export function removeNetwork({ network, bridge }: Layout, ids: readonly string[]): void {
  // Every rule that names the network, and the chains that such rules lead to or are in.
  const rules = natRules().filter((rule) => rule.startsWith('-A ') && rule.includes(`\\"${network}\\"`));
  const chains = rules.flatMap((rule) => rule.match(/\bCNI-(?:DN-)?[0-9a-f]{20,}\b/g) ?? []);
  removeRules(rules, [...new Set(chains)]);
  if (existsSync(`/sys/class/net/${bridge}`)) execFileSync('ip', ['link', 'delete', bridge]);
  // libcni keeps the result of every ADD, named after network and sandbox, in a directory that cannot be configured.
  for (const name of existsSync(resultsDir) ? readdirSync(resultsDir) : []) {
    if (name.startsWith(`${network}-`) || ids.some((id) => name.includes(id))) unlinkSync(join(resultsDir, name));
  }
}

/** Takes back what the plugins leave for their next user, unless somebody else uses it by now. */
export function restoreNetwork(before: Before): void {
  const rules = natRules();
  const inUse = rules.some((rule) => rule.includes('CNI-DN-'));
  if (!before.sharedChains && !inUse) {
    const chains = sharedChains.filter((chain) => rules.some((rule) => rule.startsWith(`:${chain} `)));
    removeRules(
      rules.filter((rule) => rule.startsWith('-A ') && chains.some((chain) => rule.endsWith(` -j ${chain}`))),
      chains,
    );
  }
  // The bridge plugin turns it on.
  if (before.ipForward === '0' && !inUse) writeFileSync(ipForwardFile, '0');
  for (const dir of [resultsDir, '/var/lib/cni']) {
    try {
      rmdirSync(dir);
    } catch {
      // Not empty, or not there.
    }
  }
}

function natRules(): string[] {
  return execFileSync('iptables-save', ['-t', 'nat'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split(
    '\n',
  );
}

/** All or nothing, in one transaction. `rules` as iptables-save prints them. */
function removeRules(rules: readonly string[], chains: readonly string[]): void {
  if (rules.length + chains.length === 0) return;
  const input = [
    '*nat',
    ...rules.map((rule) => rule.replace(/^-A/, '-D')),
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
    'COMMIT\n',
  ].join('\n');
  execFileSync('iptables-restore', ['--noflush', '--wait'], { input, stdio: ['pipe', 'ignore', 'pipe'] });
}
