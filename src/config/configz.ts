/** The settings in use as a KubeletConfiguration, as the kubelet's `/configz` tells them (without apiVersion and kind). */
import { SETTING_ROWS } from './settings.ts';
import type { Config } from './types.ts';

const REDACTED = '<redacted>';
const UNITS: ReadonlySet<string> = new Set(['duration', 'quantity']);

/** Settings that only flags have are left out. Durations are Go's. Headers and credentials in URLs are not told. */
export function configz(config: Config): object {
  const root: Record<string, unknown> = {};
  for (const [key, { field, kind }] of SETTING_ROWS) {
    if (field === undefined) continue;
    const names = field.split('.');
    const last = names.pop() ?? '';
    let place = root;
    for (const name of names) {
      const next = (place[name] ?? {}) as Record<string, unknown>;
      place[name] = next;
      place = next;
    }
    // Numbers that have a unit in the file.
    place[last] = UNITS.has(kind.name) ? kind.show(config[key]) : told(key, config[key]);
  }
  return root;
}

function told(key: keyof Config, value: unknown): unknown {
  if (key === 'manifestUrlHeaders')
    return Object.fromEntries(Object.keys(value as object).map((name) => [name, [REDACTED]]));
  if (key === 'manifestUrl') return withoutSecrets(value as string);
  return key === 'containerRuntimeEndpoints' ? (value as string[])[0] : value;
}

function withoutSecrets(url: string): string {
  if (!URL.canParse(url)) return '';
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${pathname}${search && `?${REDACTED}`}`;
}
