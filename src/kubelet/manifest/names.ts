/**
 * The forms of names in Kubernetes (staging/src/k8s.io/apimachinery/pkg/util/validation). Each function returns what is
 * wrong, in the API server's words; nothing when the name is good.
 */
import { isIP } from 'node:net';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LOOSE_LABEL = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const LOOSE_SUBDOMAIN = `${LOOSE_LABEL}(\\.${LOOSE_LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const HEADER = '[-A-Za-z0-9]+';
const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;
const MAX_PORT_NAME = 15;
const ENDS = 'and must start and end with an alphanumeric character';

/** DNS label of RFC 1123: container, volume and namespace names. */
export function dnsLabel(value: string): string[] {
  const errors = tooLong(value, MAX_LABEL);
  if (matches(LABEL, value)) return errors;
  if (matches(SUBDOMAIN, value)) return [...errors, 'must not contain dots'];
  const rule = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', ${ENDS}`;
  return [...errors, explain(rule, LABEL, ['my-name', '123-abc'])];
}

/** DNS subdomain of RFC 1123: Pod and most object names. */
export function dnsSubdomain(value: string): string[] {
  const errors = tooLong(value, MAX_SUBDOMAIN);
  if (matches(SUBDOMAIN, value)) return errors;
  const rule = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${ENDS}`;
  return [...errors, explain(rule, SUBDOMAIN, ['example.com'])];
}

/** A DNS search domain: a subdomain whose labels may begin with `_`, with or without the last dot. */
export function searchDomain(value: string): string[] {
  const name = value === '.' ? '' : value.replace(/\.$/, '');
  if (value === '.') return [];
  const errors = tooLong(name, MAX_SUBDOMAIN);
  if (matches(LOOSE_SUBDOMAIN, name)) return errors;
  const rule = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', ${ENDS}`;
  return [...errors, explain(rule, LOOSE_SUBDOMAIN, ['example.com'])];
}

/** Service name of RFC 6335: port names. */
export function portName(value: string): string[] {
  const errors = tooLong(value, MAX_PORT_NAME);
  if (!/^[-a-z0-9]+$/.test(value)) {
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

export function portNumber(value: number): string[] {
  return inRange(value, 1, 65535);
}

export function inRange(value: number, low: number, high: number): string[] {
  return value >= low && value <= high ? [] : [`must be between ${low} and ${high}, inclusive`];
}

/** A label, annotation or resource name: `[prefix/]name`. */
export function qualifiedName(value: string): string[] {
  const rule = `must consist of alphanumeric characters, '-', '_' or '.', ${ENDS}`;
  const parts = value.split('/');
  const [first = '', second] = parts;
  if (parts.length > 2) {
    const examples = explain(`a qualified name ${rule}`, QUALIFIED, ['MyName', 'my.name', '123-abc']);
    return [`${examples} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const errors: string[] = [];
  const name = second ?? first;
  if (second !== undefined) {
    if (first === '') errors.push('prefix part must be non-empty');
    else errors.push(...dnsSubdomain(first).map((error) => `prefix part ${error}`));
  }
  if (name === '') errors.push('name part must be non-empty');
  errors.push(...tooLong(name, MAX_LABEL).map((error) => `name part ${error}`));
  if (!matches(QUALIFIED, name)) errors.push(explain(`name part ${rule}`, QUALIFIED, ['MyName', 'my.name', '123-abc']));
  return errors;
}

export function labelValue(value: string): string[] {
  const errors = tooLong(value, MAX_LABEL);
  if (matches(LABEL_VALUE, value)) return errors;
  const rule = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${ENDS}`;
  return [...errors, explain(rule, LABEL_VALUE, ['MyValue', 'my_value', '12345'])];
}

/** Any printable ASCII but `=` (the relaxed rule, general since 1.34). */
export function envName(value: string): string[] {
  return /^[\x20-\x3c\x3e-\x7e]*$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** A key of a ConfigMap or Secret. */
export function configKey(value: string): string[] {
  const errors = tooLong(value, MAX_SUBDOMAIN);
  if (!matches(CONFIG_KEY, value)) {
    const rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    errors.push(explain(rule, CONFIG_KEY, ['key.name', 'KEY_NAME', 'key-name']));
  }
  if (value === '.' || value === '..') errors.push(`must not be '${value}'`);
  else if (value.startsWith('..')) errors.push("must not start with '..'");
  return errors;
}

export function headerName(value: string): string[] {
  if (matches(HEADER, value)) return [];
  return [explain("a valid HTTP header must consist of alphanumeric characters or '-'", HEADER, ['X-Header-Name'])];
}

export function ipAddress(value: string): string[] {
  return isIP(value) !== 0 && !value.includes('%')
    ? []
    : ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
}

/** A uid names directories and cgroups, so it may hold nothing that means something in a path. */
export function podUidForm(value: string): string[] {
  return value.length <= 128 && /^[A-Za-z0-9]([-_A-Za-z0-9]*[A-Za-z0-9])?$/.test(value)
    ? []
    : ["must be at most 128 letters, digits, '-' or '_', and must start and end with a letter or digit"];
}

function matches(pattern: string, value: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(value);
}

function tooLong(value: string, limit: number): string[] {
  return value.length > limit ? [`must be no more than ${limit} characters`] : [];
}

function explain(rule: string, pattern: string, examples: readonly string[]): string {
  return `${rule} (e.g. ${examples.map((one) => `'${one}', `).join(' or ')}regex used for validation is '${pattern}')`;
}
