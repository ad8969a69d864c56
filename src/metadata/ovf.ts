/** The OVF environment (DMTF DSP0243) and Azure's use of it: a small XML document that a hypervisor gives on a disc. */
import { decodeBase64 } from './ingest/unwrap.ts';

const MAX_CHARS = 4 * 1024 * 1024;
const NAMES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** Every `<Property key="…" value="…"/>`, whatever the prefixes. */
export function ovfProperties(xml: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, attributes = ''] of plain(xml).matchAll(/<(?:[\w.-]+:)?Property\s((?:[^>"']|"[^"]*"|'[^']*')*)>/g)) {
    const [key, value] = [attribute(attributes, 'key'), attribute(attributes, 'value')];
    if (key !== undefined && value !== undefined) found.set(key, value);
  }
  return found;
}

/** What stands in Azure's `LinuxProvisioningConfigurationSet`; undefined when it is not Azure's, or has none. */
export function azureCustomData(xml: string): Uint8Array | undefined {
  const text = plain(xml);
  if (!text.includes('http://schemas.microsoft.com/windowsazure')) return undefined;
  const [, content = ''] = /<(?:[\w.-]+:)?CustomData\s*>([^<]*)</.exec(text) ?? [];
  return content.trim() === '' ? undefined : decodeBase64(Buffer.from(unescaped(content)));
}

function plain(xml: string): string {
  return xml.slice(0, MAX_CHARS).replace(/<!--[\s\S]*?-->/g, '');
}

function attribute(attributes: string, name: string): string | undefined {
  const [, double, single] = new RegExp(`(?:^|[\\s:])${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(attributes) ?? [];
  const value = double ?? single;
  return value === undefined ? undefined : unescaped(value);
}

function unescaped(text: string): string {
  return text.replace(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(\w{2,4}));/gi, (whole, hex, decimal, name) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    if (Number.isNaN(code)) return NAMES[name] ?? whole;
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
