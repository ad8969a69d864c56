/** Metadata and the Pod-wide fields of the spec (ValidateObjectMeta, ValidatePodSpec). */
import { PRIORITY_CLASSES } from '../../plan/priority.ts';
import type { PodManifest } from '../../types.ts';
import { dnsLabel, dnsSubdomain, ipAddress, labelValue, podUidForm, qualifiedName, searchDomain } from '../names.ts';
import { forbidden, invalid, type Path, type Problems, required, unsupported } from '../problems.ts';
import { checkForm, checkName, checkNotNegative, checkOneOf, checkRange, INT32_MAX } from './check.ts';
import type { PodSpecManifest } from './containers.ts';
import { checkPodResources } from './pod-resources.ts';
import { checkOverhead } from './resources.ts';

const MAX_ANNOTATIONS_BYTES = 256 * 1024;
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;
const MAX_HOSTNAME_OVERRIDE = 64;
const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const TOLERATION_OPERATORS = ['Equal', 'Exists', 'Gt', 'Lt'];
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** `name` is the name with the node's suffix: that is what must be valid. */
export function checkMetadata(metadata: PodManifest['metadata'], name: string, path: Path, problems: Problems): void {
  if (!metadata?.name) problems.error([...path, 'name'], required('name is needed for the pod'));
  else checkForm(name, dnsSubdomain, [...path, 'name'], problems);
  checkForm(metadata?.namespace, dnsLabel, [...path, 'namespace'], problems);
  checkForm(metadata?.uid, podUidForm, [...path, 'uid'], problems);
  checkLabels(metadata?.labels, [...path, 'labels'], problems);
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata?.annotations ?? {})) {
    for (const detail of qualifiedName(key.toLowerCase())) {
      problems.error([...path, 'annotations'], invalid(key, detail), [...path, 'annotations', { key }]);
    }
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > MAX_ANNOTATIONS_BYTES) {
    problems.error([...path, 'annotations'], `Too long: may not be more than ${MAX_ANNOTATIONS_BYTES} bytes`);
  }
}

function checkLabels(labels: Record<string, string> | undefined, path: Path, problems: Problems): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const detail of qualifiedName(key)) problems.error(path, invalid(key, detail), [...path, { key }]);
    for (const detail of labelValue(value)) problems.error(path, invalid(value, detail), [...path, { key }]);
  }
}

export function checkPodFields(spec: PodSpecManifest, path: Path, problems: Problems): void {
  checkOneOf(spec.restartPolicy, RESTART_POLICIES, [...path, 'restartPolicy'], problems);
  checkNotNegative(spec.terminationGracePeriodSeconds, [...path, 'terminationGracePeriodSeconds'], problems);
  checkRange(spec.activeDeadlineSeconds, 1, INT32_MAX, [...path, 'activeDeadlineSeconds'], problems);
  checkForm(spec.hostname, dnsLabel, [...path, 'hostname'], problems);
  checkForm(spec.subdomain, dnsLabel, [...path, 'subdomain'], problems);
  checkHostnameOverride(spec, [...path, 'hostnameOverride'], problems);
  checkDns(spec, path, problems);
  (spec.hostAliases ?? []).forEach((alias, index) => {
    const at = [...path, 'hostAliases', index];
    checkName(alias.ip, ipAddress, [...at, 'ip'], problems);
    (alias.hostnames ?? []).forEach((name, position) => {
      checkName(name, dnsSubdomain, [...at, 'hostnames', position], problems);
    });
  });
  checkLabels(spec.nodeSelector, [...path, 'nodeSelector'], problems);
  (spec.readinessGates ?? []).forEach((gate, index) => {
    checkName(gate.conditionType, qualifiedName, [...path, 'readinessGates', index, 'conditionType'], problems);
  });
  checkForm(spec.serviceAccountName, dnsSubdomain, [...path, 'serviceAccountName'], problems);
  checkPriority(spec, path, problems);
  checkForm(spec.runtimeClassName, dnsSubdomain, [...path, 'runtimeClassName'], problems);
  checkOneOf(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], [...path, 'preemptionPolicy'], problems);
  if (spec.os && !spec.os.name) problems.error([...path, 'os', 'name'], required('cannot be empty'));
  checkOneOf(spec.os?.name, ['linux', 'windows'], [...path, 'os', 'name'], problems);
  checkOverhead(spec.overhead, [...path, 'overhead'], problems);
  checkPodResources(spec, [...path, 'resources'], problems);
  checkTolerations(spec, [...path, 'tolerations'], problems);
}

/** What an API server would refuse, or look up, is taken as far as it goes. */
function checkPriority({ priority, priorityClassName }: PodSpecManifest, path: Path, problems: Problems): void {
  checkForm(priorityClassName, dnsSubdomain, [...path, 'priorityClassName'], problems);
  if (!priorityClassName) return;
  const known = PRIORITY_CLASSES.get(priorityClassName);
  if (known === undefined && priority === undefined) {
    const names = [...PRIORITY_CLASSES.keys()].join(' and ');
    const message = `has no effect: of priority classes only ${names} are known here; set spec.priority to the value of this one`;
    problems.warn([...path, 'priorityClassName'], message);
  } else if (known !== undefined && priority !== undefined && priority !== known) {
    const message = `is taken although ${priorityClassName} stands for ${known}; remove one of the two`;
    problems.warn([...path, 'priority'], message);
  }
}

function checkHostnameOverride(spec: PodSpecManifest, path: Path, problems: Problems): void {
  const { hostnameOverride } = spec;
  if (hostnameOverride === undefined) return;
  checkName(hostnameOverride, dnsSubdomain, path, problems);
  if (hostnameOverride.length > MAX_HOSTNAME_OVERRIDE) {
    problems.error(path, invalid(hostnameOverride, `must be no more than ${MAX_HOSTNAME_OVERRIDE} characters`));
  }
  if (spec.hostNetwork) problems.error(path, forbidden('may not be set when `hostNetwork` is true'));
  if (spec.setHostnameAsFQDN) problems.error(path, forbidden('may not be set when `setHostnameAsFQDN` is true'));
}

function checkDns(spec: PodSpecManifest, path: Path, problems: Problems): void {
  checkOneOf(spec.dnsPolicy, DNS_POLICIES, [...path, 'dnsPolicy'], problems);
  const { dnsConfig } = spec;
  const at = [...path, 'dnsConfig'];
  const nameservers = dnsConfig?.nameservers ?? [];
  const searches = dnsConfig?.searches ?? [];
  if (spec.dnsPolicy === 'None' && !dnsConfig) {
    problems.error(at, required('must provide `dnsConfig` when `dnsPolicy` is None'));
  } else if (spec.dnsPolicy === 'None' && nameservers.length === 0) {
    problems.error(
      [...at, 'nameservers'],
      required('must provide at least one DNS nameserver when `dnsPolicy` is None'),
    );
  }
  if (nameservers.length > MAX_NAMESERVERS) {
    problems.error(
      [...at, 'nameservers'],
      invalid(nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`),
    );
  }
  nameservers.forEach((server, index) => {
    checkName(server, ipAddress, [...at, 'nameservers', index], problems);
  });
  if (searches.length > MAX_SEARCHES) {
    problems.error([...at, 'searches'], invalid(searches, `must not have more than ${MAX_SEARCHES} search paths`));
  }
  if (searches.join(' ').length > MAX_SEARCH_CHARACTERS) {
    const limit = `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`;
    problems.error([...at, 'searches'], invalid(searches, limit));
  }
  searches.forEach((domain, index) => {
    checkName(domain, searchDomain, [...at, 'searches', index], problems);
  });
  (dnsConfig?.options ?? []).forEach((option, index) => {
    if (!option.name) problems.error([...at, 'options', index], required('must not be empty'));
  });
}

function checkTolerations(spec: PodSpecManifest, path: Path, problems: Problems): void {
  (spec.tolerations ?? []).forEach((toleration, index) => {
    const at = [...path, index];
    const { key, operator, effect, value } = toleration;
    checkForm(key, qualifiedName, [...at, 'key'], problems);
    if (!key && operator !== 'Exists') {
      const rule = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      problems.error([...at, 'operator'], invalid(operator ?? '', rule));
    }
    if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute') {
      problems.error(
        [...at, 'effect'],
        invalid(effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      );
    }
    if (operator === 'Exists' && value) {
      problems.error([...at, 'operator'], invalid(value, "value must be empty when `operator` is 'Exists'"));
    } else if (operator === undefined || operator === 'Equal')
      checkForm(value, labelValue, [...at, 'operator'], problems);
    else if (operator === 'Lt' || operator === 'Gt') {
      if (!/^-?(0|[1-9]\d{0,18})$/.test(value ?? ''))
        problems.error([...at, 'value'], invalid(value ?? '', `must be an integer when \`operator\` is '${operator}'`));
    } else if (operator !== 'Exists') problems.error([...at, 'operator'], unsupported(operator, TOLERATION_OPERATORS));
    checkOneOf(effect, EFFECTS, [...at, 'effect'], problems);
  });
}
