import { type Kind, ValueError } from './kinds.ts';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = new RegExp(`^${LABEL}(\\.${LABEL})*$`);
const MAX_LENGTH = 253;

/** The node name that Kubernetes makes of a host name: trimmed and in lower case. Throws ValueError when it is no DNS name. */
export function nodeNameOf(host: string): string {
  const name = host.trim().toLowerCase();
  if (name.length > MAX_LENGTH || !SUBDOMAIN.test(name)) {
    throw new ValueError(`must be a DNS name (lower case letters, digits, '-' and '.'), not ${JSON.stringify(host)}`);
  }
  return name;
}

export function hostname(): Kind<string> {
  return {
    name: 'DNS name',
    valueName: 'NAME',
    read: (value) => nodeNameOf(String(value)),
    readFlag: (texts) => nodeNameOf(texts.at(-1) ?? ''),
    show: (value) => value || '(host name)',
  };
}
