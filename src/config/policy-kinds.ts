/** Kinds of settings that say what Pods may do. */
import path from 'node:path';
import { CAPABILITIES } from '../kubelet/capabilities.ts';
import { dnsSubdomain } from '../kubelet/manifest/names.ts';
import { parseQuantity } from '../kubelet/manifest/quantity.ts';
import { dotted, namespaceOf } from '../kubelet/manifest/rules/sysctls.ts';
import type { RuntimeClass } from '../kubelet/node.ts';
import { didYouMean } from './closest.ts';
import { type Kind, mustBe, readString, stringList, ValueError, within } from './kinds.ts';

const MAX_SYSCTL_LENGTH = 253;
const SYSCTL_PATTERN = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*([a-z0-9][-_a-z0-9]*)?[a-z0-9*]$/;
/** A list of strings of which each is checked and put into its one form. */
function checkedList(
  name: string,
  valueName: string,
  check: (item: string, directory: string) => string,
): Kind<string[]> {
  const base = stringList();
  const all = (items: readonly string[], directory: string) =>
    items.map((item, index) => within(index, () => check(readString(item), directory)));
  return {
    name,
    valueName,
    read: (value, directory) => all(base.read(value, directory), directory),
    readFlag: (texts, directory) => all(base.readFlag(texts, directory), directory),
    show: base.show,
  };
}

/** Names of sysctls and prefixes with `*`, all of them kept to a Pod by a namespace (pkg/kubelet/sysctl/allowlist.go). */
export function sysctlPatterns(): Kind<string[]> {
  return checkedList('list of sysctls', 'SYSCTL,SYSCTL', (pattern) => {
    if (pattern.length > MAX_SYSCTL_LENGTH || !SYSCTL_PATTERN.test(pattern))
      throw new ValueError(
        `must be the name of a sysctl, or the beginning of one and a *, not ${JSON.stringify(pattern)}`,
      );
    const plain = dotted(pattern);
    if (namespaceOf(plain.replace(/\*$/, '')) === undefined)
      throw new ValueError(
        `the sysctl ${JSON.stringify(plain)} is not known to be namespaced: a Pod would set it for the whole machine`,
      );
    return plain;
  });
}

/** Upper case, without `CAP_`; `*` alone is every one. */
export function capabilities(): Kind<string[]> {
  return checkedList('list of capabilities', 'NAME,NAME', (name) => {
    const bare = name.toUpperCase().replace(/^CAP_/, '');
    if (bare !== '*' && !CAPABILITIES.includes(bare))
      throw new ValueError(`no such capability: ${JSON.stringify(name)}${didYouMean(bare, CAPABILITIES)}`);
    return bare;
  });
}

/** Absolute: they are of the machine, not of the file's directory. */
export function hostPaths(): Kind<string[]> {
  return checkedList('list of paths', 'PATH,PATH', (given) => {
    if (!path.isAbsolute(given)) throw new ValueError(`must be an absolute path, not ${JSON.stringify(given)}`);
    return path.resolve(given);
  });
}

/** Name → handler and overhead. */
export function runtimeClasses(): Kind<Record<string, RuntimeClass>> {
  return {
    name: 'map of runtime classes',
    valueName: 'NAME=HANDLER',
    read: (value) => readMap(value, 'a map of runtime classes', (name, item) => runtimeClass(name, item)),
    readFlag: (texts) =>
      Object.fromEntries(
        texts
          .filter((text) => text !== '')
          .map((text) => {
            const at = text.indexOf('=');
            if (at < 1) throw new ValueError(`must be NAME=HANDLER, not ${JSON.stringify(text)}`);
            const name = text.slice(0, at);
            return [name, within(name, () => runtimeClass(name, { handler: text.slice(at + 1) }))];
          }),
      ),
    show: (classes) =>
      Object.entries(classes)
        .map(([name, { handler }]) => `${name}=${handler}`)
        .join(', ') || '(none)',
  };
}

function runtimeClass(name: string, value: unknown): RuntimeClass {
  for (const detail of dnsSubdomain(name)) throw new ValueError(`cannot be the name of a runtime class: ${detail}`);
  const { handler, overhead, ...rest } = fields(value, 'a map with handler and perhaps overhead');
  refuseOthers(rest, ['handler', 'overhead']);
  const read = within('handler', () => readString(handler ?? ''));
  // Handlers of the runtime are named like DNS labels (pkg/apis/node/validation).
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(read) || read.length > 63)
    throw new ValueError('must name a handler of the container runtime: lower-case letters, digits and "-"', [
      'handler',
    ]);
  if (overhead === undefined || overhead === null) return { handler: read };
  return { handler: read, overhead: within('overhead', () => readOverhead(overhead)) };
}

function readOverhead(value: unknown): NonNullable<RuntimeClass['overhead']> {
  const { podFixed, ...rest } = fields(value, 'a map with podFixed');
  refuseOthers(rest, ['podFixed']);
  if (podFixed === undefined || podFixed === null) return {};
  const amounts = within('podFixed', () =>
    readMap(podFixed, 'a map of quantities', (_, amount) => {
      const text = typeof amount === 'number' ? String(amount) : readString(amount);
      const parsed = parseQuantity(text);
      if (parsed === undefined || parsed < 0n) throw mustBe('a quantity of zero or more', amount);
      return text;
    }),
  );
  return { podFixed: amounts };
}

function readMap<T>(value: unknown, wanted: string, read: (name: string, item: unknown) => T): Record<string, T> {
  const entries = Object.entries(fields(value, wanted));
  return Object.fromEntries(entries.map(([name, item]) => [name, within(name, () => read(name, item))]));
}

function fields(value: unknown, wanted: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mustBe(wanted, value);
  return value as Record<string, unknown>;
}

function refuseOthers(rest: Record<string, unknown>, known: readonly string[]): void {
  for (const name of Object.keys(rest)) throw new ValueError(`unknown field${didYouMean(name, known)}`, [name]);
}
