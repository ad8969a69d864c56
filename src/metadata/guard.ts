/**
 * Keeps Pods away from the metadata services: what stands there, user-data with its secrets and often credentials of the
 * machine, is not for every program on it. An nftables rule for what is forwarded; Pods on the host's network are the host.
 */
import { spawn } from 'node:child_process';
import type { Env } from '../kubelet/env.ts';
import type { Pod } from '../kubelet/types.ts';
import type { Provider } from './provider.ts';

/** On a Pod: it may ask the metadata service all the same. */
export const ACCESS_ANNOTATION = 'rower.dev/metadata-access';
const ALLOW = 'allow';

const TABLE = 'inet rower-metadata';
const ADDRESSES4 = ['169.254.169.254', '169.254.42.42', '100.100.100.200', '168.63.129.16'];
const ADDRESSES6 = ['fd00:ec2::254', 'fd00:42::42', 'fd00:a9fe:a9fe::1', 'fd00:c1::a9fe:a9fe', 'fe80::a9fe:a9fe'];
const TIMEOUT_MS = 10_000;

/** Runs a program with this input; resolves to what it complains of, or undefined when all is well. */
export type RunProgram = (program: string, args: readonly string[], input: string) => Promise<string | undefined>;

/** Does the user-data come over the network, so that Pods could read it as well? */
export function needsGuard({ name, bases }: Provider): boolean {
  return (bases !== undefined && name !== 'lxd') || name === 'cloud-init';
}

/** Addresses of the Pods that may ask, sorted. */
export function allowedAddresses(pods: readonly Pod[]): string[] {
  const allowed = pods.filter(
    ({ metadata, spec }) => metadata.annotations?.[ACCESS_ANNOTATION] === ALLOW && !spec.hostNetwork,
  );
  return allowed
    .flatMap(({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip))
    .filter((ip) => /^[\da-f.:]+$/i.test(ip))
    .sort();
}

/** For `nft -f`: replaces the whole table at once. Some clouds answer DNS at the same addresses: port 53 stays open. */
export function guardRules(allowed: readonly string[]): string {
  const sources = (addresses: readonly string[], family: 'ip' | 'ip6') =>
    addresses.length === 0 ? [] : [`    ${family} saddr { ${addresses.join(', ')} } accept`];
  return [
    `add table ${TABLE}`,
    `delete table ${TABLE}`,
    `table ${TABLE} {`,
    '  chain guard {',
    '    type filter hook forward priority -5; policy accept;',
    ...sources(
      allowed.filter((ip) => !ip.includes(':')),
      'ip',
    ),
    ...sources(
      allowed.filter((ip) => ip.includes(':')),
      'ip6',
    ),
    `    ip daddr { ${ADDRESSES4.join(', ')} } tcp dport != 53 reject with icmp type admin-prohibited`,
    `    ip6 daddr { ${ADDRESSES6.join(', ')} } tcp dport != 53 reject with icmpv6 type admin-prohibited`,
    '  }',
    '}',
    '',
  ].join('\n');
}

export class MetadataGuard {
  readonly #env: Env;
  readonly #run: RunProgram;
  #on = false;
  #allowed: readonly string[] = [];
  #applied: string | undefined;
  #busy = false;
  #complaint: string | undefined;

  constructor(env: Env, run: RunProgram) {
    this.#env = env;
    this.#run = run;
  }

  /** From now on; it stays after the agent, as the Pods do. */
  turnOn(): void {
    this.#on = true;
    void this.#apply();
  }

  look(pods: readonly Pod[]): void {
    const allowed = allowedAddresses(pods);
    if (allowed.join() === this.#allowed.join()) return;
    this.#allowed = allowed;
    void this.#apply();
  }

  /** One at a time; what comes meanwhile is seen afterwards. Never rejects. */
  async #apply(): Promise<void> {
    if (!this.#on || this.#busy) return;
    this.#busy = true;
    for (let rules = guardRules(this.#allowed); rules !== this.#applied; rules = guardRules(this.#allowed)) {
      const complaint = await this.#run('nft', ['-f', '-'], rules);
      this.#applied = rules;
      if (complaint === undefined)
        this.#env.log.info({ allowed: this.#allowed }, 'Pods are kept away from the metadata service');
      else if (complaint !== this.#complaint)
        this.#env.log.warn(
          { error: complaint },
          'Pods cannot be kept away from the metadata service: install nftables, or switch it off with --metadata-guard=false',
        );
      this.#complaint = complaint;
    }
    this.#busy = false;
  }
}

export function programRunner(env: Env): RunProgram {
  return (program, args, input) =>
    new Promise((resolve) => {
      const child = spawn(program, [...args], { stdio: ['pipe', 'ignore', 'pipe'] });
      let complaint = '';
      const cancel = env.after(TIMEOUT_MS, () => child.kill('SIGKILL'));
      const finish = (text: string | undefined) => {
        cancel();
        resolve(text);
      };
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        complaint = `${complaint}${chunk}`.slice(0, 2000);
      });
      child.on('error', (error) => finish(error.message));
      child.on('close', (status) =>
        finish(status === 0 ? undefined : complaint.trim() || `${program} ended with ${status}`),
      );
      child.stdin.on('error', () => {});
      child.stdin.end(input);
    });
}
