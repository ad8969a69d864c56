/** tmpfs knows `noswap` from Linux 6.4 on. */
export function canDisableSwap(kernelVersion: string): boolean {
  const [major = 0, minor = 0] = kernelVersion.split('.').map((part) => Number.parseInt(part, 10));
  return major > 6 || (major === 6 && minor >= 4);
}
