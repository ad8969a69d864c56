/** Huge page sizes: `hugepages-2Mi` in a Pod, `2MB` in cgroup file names (opencontainers/cgroups HugePageSizes). */
import { quantityValue } from '../manifest/quantity.ts';
import type { ResourceList } from './quantities.ts';

const PREFIX = 'hugepages-';
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

export interface HugePageResource {
  /** As in the resource list, e.g. `hugepages-2Mi`. */
  resource: string;
  pageBytes: number;
  /** As cgroups name it, e.g. `2MB`. */
  pageSize: string;
}

/** The huge page resources of a list, in its order. */
export function hugePageSizes(list: ResourceList): HugePageResource[] {
  return Object.keys(list ?? {}).flatMap((resource) => {
    const pageBytes = resource.startsWith(PREFIX) ? quantityValue(resource.slice(PREFIX.length)) : undefined;
    return pageBytes ? [{ resource, pageBytes, pageSize: formatPageSize(pageBytes) }] : [];
  });
}

/** 2097152 → `2MB`. */
export function formatPageSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size}${UNITS[unit]}`;
}
