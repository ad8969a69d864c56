/** Millicores in the units of the kernel's CPU controllers (pkg/kubelet/cm/helpers_linux.go). */

export const CPU_PERIOD_US = 100_000;
export const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
export const SHARES_PER_CPU = 1024;
/** The kernel refuses a shorter quota. */
const MIN_QUOTA_US = 1000;

/** Relative weight (cgroup v1 `cpu.shares`), 2 … 262144. */
export function milliCpuToShares(milli: number): number {
  return clampShares(Math.floor((milli * SHARES_PER_CPU) / 1000));
}

export function clampShares(shares: number): number {
  return Math.min(MAX_SHARES, Math.max(MIN_SHARES, shares));
}

/** Microseconds of CPU time per `CPU_PERIOD_US`; 0 = no limit. */
export function milliCpuToQuotaUs(milli: number): number {
  return milli === 0 ? 0 : Math.max(MIN_QUOTA_US, Math.floor((milli * CPU_PERIOD_US) / 1000));
}

/** cgroup v2 `cpu.weight`, 1 … 10000, as container runtimes convert shares. */
export function sharesToWeight(shares: number): number {
  return 1 + Math.floor(((clampShares(shares) - MIN_SHARES) * 9999) / (MAX_SHARES - MIN_SHARES));
}

/** The inverse of `sharesToWeight` up to its rounding. */
export function weightToShares(weight: number): number {
  return clampShares(MIN_SHARES + Math.floor(((weight - 1) * (MAX_SHARES - MIN_SHARES)) / 9999));
}
