/** Amounts of a validated Pod as numbers; what is absent counts as zero, as in Kubernetes' resource lists. */
import { quantityMilliValue, quantityValue } from '../manifest/quantity.ts';

export type ResourceList = Readonly<Record<string, string>> | undefined;

/** Millicores (or thousandths of any resource), rounded up. */
export function milliOf(list: ResourceList, resource: string): number {
  const text = list?.[resource];
  return text === undefined ? 0 : (quantityMilliValue(text) ?? 0);
}

/** Bytes (or whole units of any resource), rounded up. */
export function bytesOf(list: ResourceList, resource: string): number {
  const text = list?.[resource];
  return text === undefined ? 0 : (quantityValue(text) ?? 0);
}
