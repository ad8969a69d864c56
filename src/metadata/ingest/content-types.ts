/**
 * How a part is read, by its content type.
 *
 * To add one: a row; a new reading is handled in ingest.ts.
 */
export type Reading = 'sniff' | 'manifest' | 'cloud-config' | 'archive' | 'include';

const READINGS: Readonly<Record<string, Reading>> = {
  '': 'sniff',
  'text/plain': 'sniff',
  'text/x-not-multipart': 'sniff',
  'application/octet-stream': 'sniff',
  'application/gzip': 'sniff',
  'application/x-gzip': 'sniff',
  'text/x-rower-manifest': 'manifest',
  'application/yaml': 'manifest',
  'application/x-yaml': 'manifest',
  'application/json': 'manifest',
  'text/yaml': 'manifest',
  'text/x-yaml': 'manifest',
  'text/cloud-config': 'cloud-config',
  'text/cloud-config-archive': 'archive',
  'text/x-include-url': 'include',
  'text/x-include-once-url': 'include',
};

export function readingOf(type: string): Reading | undefined {
  return Object.hasOwn(READINGS, type) ? READINGS[type] : undefined;
}
