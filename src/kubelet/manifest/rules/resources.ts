/** Requests and limits (validateResourceRequirements). */

import { qualifiedName } from '../names.ts';
import { duplicate, forbidden, invalid, type Path, type Problems, required } from '../problems.ts';
import { parseQuantity } from '../quantity.ts';
import { checkOneOf } from './check.ts';
import type { ContainerManifest } from './containers.ts';

const NANO_PER_UNIT = 10n ** 9n;
const STANDARD = new Set(['cpu', 'memory', 'ephemeral-storage']);
const HUGE_PAGES = 'hugepages-';

export type ResourceList = { [resource: string]: string } | undefined;

export type Requirements = ContainerManifest['resources'];
type CheckName = (name: string, path: Path, problems: Problems) => void;

export function checkResources(
  resources: Requirements,
  path: Path,
  problems: Problems,
  checkName: CheckName = checkContainerResource,
): void {
  const limits = amounts(resources?.limits);
  const requests = amounts(resources?.requests);
  for (const [name, limit] of limits) {
    checkAmount(name, limit, resources?.limits?.[name], [...path, 'limits', { key: name }], problems, checkName);
  }
  for (const [name, request] of requests) {
    const limit = limits.get(name);
    const at = [...path, 'requests'];
    const place = [...at, { key: name }];
    const text = resources?.requests?.[name];
    // A request that equals its limit was mostly copied from it by defaulting.
    if (request !== limit) checkAmount(name, request, text, place, problems, checkName);
    if (limit === undefined) {
      if (isHugePages(name))
        problems.error([...path, 'limits'], required('Limit must be set for non overcommitable resources'), place);
    } else if (isHugePages(name) && request !== limit) {
      problems.error(at, invalid(text, `must be equal to ${name} limit of ${resources?.limits?.[name]}`), place);
    } else if (request > limit) {
      problems.error(
        at,
        invalid(text, `must be less than or equal to ${name} limit of ${resources?.limits?.[name]}`),
        place,
      );
    }
  }
  const names = [...limits.keys(), ...requests.keys()];
  if (names.some(isHugePages) && !names.some((name) => name === 'cpu' || name === 'memory')) {
    problems.error(path, forbidden('HugePages require cpu or memory'));
  }
}

export function amounts(list: ResourceList): Map<string, bigint> {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text) ?? 0n]));
}

/** `spec.overhead`: amounts that are request and limit at once. */
export function checkOverhead(overhead: ResourceList, path: Path, problems: Problems): void {
  for (const [name, amount] of amounts(overhead))
    checkAmount(name, amount, overhead?.[name], [...path, { key: name }], problems, checkContainerResource);
}

const RESIZABLE = ['cpu', 'memory'];
const RESIZE_POLICIES = ['NotRequired', 'RestartContainer'];

/** What a change of its resources does to a container (validateResizePolicy). */
export function checkResizePolicy(
  policies: ContainerManifest['resizePolicy'],
  podRestartPolicy: string | undefined,
  path: Path,
  problems: Problems,
): void {
  const names = new Set<string>();
  (policies ?? []).forEach(({ resourceName, restartPolicy }, index) => {
    const at = [...path, index];
    if (names.has(resourceName)) problems.error(at, duplicate(resourceName));
    names.add(resourceName);
    if (!resourceName) problems.error([...at, 'resourceName'], required());
    else checkOneOf(resourceName, RESIZABLE, [...at, 'resourceName'], problems);
    if (!restartPolicy) problems.error([...at, 'restartPolicy'], required());
    else checkOneOf(restartPolicy, RESIZE_POLICIES, [...at, 'restartPolicy'], problems);
    if (restartPolicy === 'RestartContainer' && podRestartPolicy === 'Never') {
      const detail = "must be 'NotRequired' when `restartPolicy` is 'Never'";
      problems.error([...at, 'restartPolicy'], invalid(restartPolicy, detail));
    }
  });
}

function checkContainerResource(name: string, path: Path, problems: Problems): void {
  const wrong = qualifiedName(name);
  for (const detail of wrong) problems.error(path, invalid(name, detail));
  if (wrong.length > 0 || STANDARD.has(name) || isHugePages(name)) return;
  const extended = name.includes('/');
  problems.error(
    path,
    extended
      ? forbidden('extended resources need a device plugin, which Rower does not have')
      : invalid(name, 'must be a standard resource for containers'),
  );
}

function checkAmount(
  name: string,
  amount: bigint,
  text: string | undefined,
  path: Path,
  problems: Problems,
  checkName: CheckName,
): void {
  checkName(name, path, problems);
  if (amount < 0n) problems.error(path, invalid(text, 'must be greater than or equal to 0'));
  if (!isHugePages(name)) return;
  const page = parseQuantity(name.slice(HUGE_PAGES.length));
  if (page === undefined || page <= 0n)
    problems.error(path, invalid(name, 'must name a page size, such as hugepages-2Mi'));
  else if (amount === 0n || amount % page !== 0n) {
    problems.error(path, invalid(text, `must be a positive multiple of ${page / NANO_PER_UNIT} bytes`));
  }
}

export function isHugePages(name: string): boolean {
  return name.startsWith(HUGE_PAGES);
}
