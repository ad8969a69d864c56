/** Containers and init containers (pkg/apis/core/validation/validation.go validateContainers, validateInitContainers). */
import type { PodManifest } from '../../types.ts';
import { dnsLabel } from '../names.ts';
import { duplicate, forbidden, invalid, type Path, type Problems, required, unsupported } from '../problems.ts';
import { checkName, checkOneOf } from './check.ts';
import { checkEnv } from './env.ts';
import { checkMounts } from './mounts.ts';
import { checkHostPortConflicts, checkPorts } from './ports.ts';
import { checkLifecycle, checkProbes } from './probes.ts';
import { checkResizePolicy, checkResources } from './resources.ts';
import { checkSecurityContext } from './security.ts';

export type PodSpecManifest = NonNullable<PodManifest['spec']>;
export type ContainerManifest = PodSpecManifest['containers'][number];

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
/** Rower's own: every container costs the runtime a process or two. */
const MAX_CONTAINERS = 100;
const MAX_RESTART_RULES = 20;
const MAX_EXIT_CODES = 255;

export function checkContainers(spec: PodSpecManifest, path: Path, problems: Problems): void {
  const containers = spec.containers ?? [];
  const initContainers = spec.initContainers ?? [];
  if (containers.length === 0) problems.error([...path, 'containers'], required());
  if (containers.length + initContainers.length > MAX_CONTAINERS) {
    problems.error(
      [...path, 'containers'],
      `Too many: ${containers.length + initContainers.length}: must have at most ${MAX_CONTAINERS} containers`,
    );
  }
  const names = new Set<string>();
  containers.forEach((container, index) => {
    const at = [...path, 'containers', index];
    checkContainer(container, spec, at, problems);
    checkUniqueName(container, names, at, problems);
    checkOneOf(container.restartPolicy, RESTART_POLICIES, [...at, 'restartPolicy'], problems);
    checkRestartRules(container, at, problems);
    checkLifecycle(container.lifecycle, spec, [...at, 'lifecycle'], problems);
    checkProbes(container, at, problems);
  });
  checkHostPortConflicts(containers, [...path, 'containers'], problems);
  initContainers.forEach((container, index) => {
    const at = [...path, 'initContainers', index];
    checkContainer(container, spec, at, problems);
    checkUniqueName(container, names, at, problems);
    checkHostPortConflicts([container], [...path, 'initContainers'], problems, index);
    checkInitContainer(container, spec, at, problems);
  });
}

function checkContainer(container: ContainerManifest, spec: PodSpecManifest, path: Path, problems: Problems): void {
  checkName(container.name, dnsLabel, [...path, 'name'], problems);
  const { image } = container;
  if (!image) problems.error([...path, 'image'], required());
  else if (image.trim() !== image)
    problems.error([...path, 'image'], invalid(image, 'must not have leading or trailing whitespace'));
  checkOneOf(container.imagePullPolicy, PULL_POLICIES, [...path, 'imagePullPolicy'], problems);
  checkOneOf(container.terminationMessagePolicy, MESSAGE_POLICIES, [...path, 'terminationMessagePolicy'], problems);
  checkPorts(container, spec, path, problems);
  checkEnv(container, spec, path, problems);
  checkMounts(container, spec, path, problems);
  checkResources(container.resources, [...path, 'resources'], problems);
  checkResizePolicy(container.resizePolicy, spec.restartPolicy, [...path, 'resizePolicy'], problems);
  checkSecurityContext(container.securityContext, spec, [...path, 'securityContext'], problems);
}

/** Names are unique over regular and init containers. */
function checkUniqueName(container: ContainerManifest, names: Set<string>, path: Path, problems: Problems): void {
  if (!container.name) return;
  if (names.has(container.name)) problems.error([...path, 'name'], duplicate(container.name));
  names.add(container.name);
}

function checkInitContainer(container: ContainerManifest, spec: PodSpecManifest, path: Path, problems: Problems): void {
  const { restartPolicy } = container;
  if (restartPolicy !== undefined && restartPolicy !== 'Always') {
    problems.error([...path, 'restartPolicy'], unsupported(restartPolicy, ['Always']));
  }
  checkRestartRules(container, path, problems);
  if (restartPolicy === 'Always') {
    checkLifecycle(container.lifecycle, spec, [...path, 'lifecycle'], problems);
    checkProbes(container, path, problems);
    return;
  }
  if (container.resizePolicy?.length)
    problems.error([...path, 'resizePolicy'], invalid(container.resizePolicy, 'must not be set for init containers'));
  for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    if (container[field] === undefined) continue;
    problems.error([...path, field], forbidden('may not be set for init containers without restartPolicy=Always'));
  }
}

function checkRestartRules(container: ContainerManifest, path: Path, problems: Problems): void {
  const rules = container.restartPolicyRules ?? [];
  const at = [...path, 'restartPolicyRules'];
  if (rules.length === 0) return;
  if (container.restartPolicy === undefined) {
    problems.error([...path, 'restartPolicy'], required('must specify restartPolicy when restart rules are used'), at);
  }
  if (rules.length > MAX_RESTART_RULES) {
    problems.error(at, `Too long: must have at most ${MAX_RESTART_RULES} items`);
  }
  rules.forEach((rule, index) => {
    const place = [...at, index];
    if (!rule.action) problems.error([...place, 'action'], required());
    else checkOneOf(rule.action, ['Restart', 'RestartAllContainers'], [...place, 'action'], problems);
    const { exitCodes } = rule;
    if (!exitCodes) {
      problems.error([...place, 'exitCodes'], required('must be specified'));
      return;
    }
    if (!exitCodes.operator) problems.error([...place, 'exitCodes', 'operator'], required());
    else checkOneOf(exitCodes.operator, ['In', 'NotIn'], [...place, 'exitCodes', 'operator'], problems);
    if ((exitCodes.values?.length ?? 0) > MAX_EXIT_CODES) {
      problems.error([...place, 'exitCodes', 'values'], `Too long: must have at most ${MAX_EXIT_CODES} items`);
    }
  });
}
