/**
 * Keeps Pods away from the metadata services: what stands there, user-data with its secrets and often credentials of the
 * machine, is not for every program on it. An nftables rule for what is forwarded; and, when it is wanted, one for what Pods on
 * the host's network send, told by their cgroup.
 */
import type { Env } from '../kubelet/env.ts';
import { runProgram } from '../kubelet/images/run-program.ts';
import { messageOf } from '../kubelet/sources/regular-file.ts';
import type { Pod } from '../kubelet/types.ts';
import type { Provider } from './provider.ts';

/** On a Pod: it may ask the metadata service all the same. */
export const ACCESS_ANNOTATION = 'rower.dev/metadata-access';
export const ALLOW = 'allow';

const TABLE = 'inet rower-metadata';
const ADDRESSES4 = ['169.254.169.254', '169.254.42.42', '100.100.100.200', '168.63.129.16'];
const ADDRESSES6 = ['fd00:ec2::254', 'fd00:42::42', 'fd00:a9fe:a9fe::1', 'fd00:c1::a9fe:a9fe', 'fe80::a9fe:a9fe'];
const TIMEOUT_MS = 10_000;
const MAX_OUTPUT_BYTES = 64 * 1024;
const RETRY_MS = 60_000;

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

/** Cgroups of version 2 below the root of the file system, without a leading slash. */
export interface HostNetworkGuard {
  /** That of all Pods. */
  pods: string;
  /** Those of the Pods that may ask. */
  allowed: readonly string[];
}

/** For `nft -f`: replaces the whole table at once. Some clouds answer DNS at the same addresses: port 53 stays open. */
export function guardRules(allowed: readonly string[], hostNetwork?: HostNetworkGuard): string {
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
    ...refusals(''),
    '  }',
    ...(hostNetwork ? outputChain(hostNetwork) : []),
    '}',
    '',
  ].join('\n');
}

function refusals(condition: string): string[] {
  return [
    `    ip daddr { ${ADDRESSES4.join(', ')} } tcp dport != 53 ${condition}reject with icmp type admin-prohibited`,
    `    ip6 daddr { ${ADDRESSES6.join(', ')} } tcp dport != 53 ${condition}reject with icmpv6 type admin-prohibited`,
  ];
}

function outputChain({ pods, allowed }: HostNetworkGuard): string[] {
  const inside = (path: string) => `socket cgroupv2 level ${path.split('/').length} "${path}" `;
  return [
    '  chain host {',
    '    type filter hook output priority -5; policy accept;',
    ...allowed.map((path) => `    ${inside(path)}accept`),
    ...refusals(inside(pods)),
    '  }',
  ];
}

export interface GuardOptions {
  env: Env;
  run: RunProgram;
  /** Which cgroups to guard for Pods on the host's network; undefined: there are none yet, or they are not guarded. */
  hostNetwork?: (pods: readonly Pod[]) => Promise<(HostNetworkGuard & { key: string }) | undefined>;
  /** Told when it cannot be done. */
  report?: (message: string) => void;
}

export class MetadataGuard {
  readonly #o: GuardOptions;
  #on = false;
  #pods: readonly Pod[] = [];
  /** The rules in force, and what they were made for: a cgroup that is made anew is another one under the same name. */
  #applied: string | undefined;
  #triedAtMs = 0;
  #busy = false;
  #again = false;
  #complaint: string | undefined;

  constructor(options: GuardOptions) {
    this.#o = options;
  }

  /** From now on; it stays after the agent, as the Pods do. */
  turnOn(): void {
    this.#on = true;
    void this.#apply();
  }

  look(pods: readonly Pod[]): void {
    this.#pods = pods;
    void this.#apply();
  }

  /** One at a time; what comes meanwhile is seen afterwards. What failed is tried again after a minute. Never rejects. */
  async #apply(): Promise<void> {
    if (!this.#on) return;
    this.#again = true;
    if (this.#busy) return;
    this.#busy = true;
    while (this.#again) {
      this.#again = false;
      await this.#once();
    }
    this.#busy = false;
  }

  async #once(): Promise<void> {
    const { env, run, hostNetwork, report } = this.#o;
    const allowed = allowedAddresses(this.#pods);
    const host = await hostNetwork?.(this.#pods).catch(() => undefined);
    const rules = guardRules(allowed, host);
    const key = `${host?.key ?? ''}\n${rules}`;
    const isRetry = this.#complaint !== undefined && env.monotonicMs() - this.#triedAtMs >= RETRY_MS;
    if (key === this.#applied && !isRetry) return;
    const complaint = await run('nft', ['-f', '-'], rules);
    this.#applied = key;
    this.#triedAtMs = env.monotonicMs();
    if (complaint === undefined) {
      const fields = { allowed: [...allowed, ...(host?.allowed ?? [])], hostNetwork: host !== undefined };
      env.log.info(fields, 'Pods are kept away from the metadata service');
    } else if (complaint !== this.#complaint) {
      const text =
        'Pods cannot be kept away from the metadata service: install nftables, or switch it off with --metadata-guard=false';
      env.log.error({ error: complaint }, text);
      report?.(`${text}: ${complaint}`);
    }
    this.#complaint = complaint;
  }
}

export function programRunner(env: Env): RunProgram {
  return (program, args, input) =>
    runProgram(program, { env, args, input, timeoutMs: TIMEOUT_MS, maxOutputBytes: MAX_OUTPUT_BYTES }).then(
      () => undefined,
      (error: unknown) => `${program}: ${messageOf(error)}`,
    );
}
