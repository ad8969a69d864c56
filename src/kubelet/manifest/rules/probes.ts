/** Probes and lifecycle hooks (validateProbe, validateHandler, validateLifecycle). */
import type { Probe } from '../../types.ts';
import { headerName, portName, portNumber } from '../names.ts';
import { forbidden, invalid, type Path, type Problems, required, unsupported } from '../problems.ts';
import { checkName, checkNotNegative } from './check.ts';
import type { ContainerManifest, PodSpecManifest } from './containers.ts';

type Lifecycle = ContainerManifest['lifecycle'];
type Hook = NonNullable<NonNullable<Lifecycle>['preStop']>;
type Handler = Pick<Probe, 'exec' | 'grpc' | 'httpGet' | 'tcpSocket'> & Pick<Hook, 'sleep'>;

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;
const SCHEMES = ['HTTP', 'HTTPS'];
const COUNTERS = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;
/** signal(7) on Linux, with the real-time ones relative to their ends. */
const SIGNALS =
  /^SIG(ABRT|ALRM|BUS|CHLD|CLD|CONT|FPE|HUP|ILL|INT|IO|IOT|KILL|PIPE|POLL|PROF|PWR|QUIT|RTMIN(\+([1-9]|1[0-5]))?|RTMAX(-([1-9]|1[0-4]))?|SEGV|STKFLT|STOP|SYS|TERM|TRAP|TSTP|TTIN|TTOU|URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ)$/;

export function checkProbes(container: ContainerManifest, path: Path, problems: Problems): void {
  for (const kind of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = container[kind];
    if (!probe) continue;
    const at = [...path, kind];
    checkHandler(probe, undefined, at, problems);
    checkPortIsKnown(container, probe, at, problems);
    for (const counter of COUNTERS) checkNotNegative(probe[counter], [...at, counter], problems);
    if (kind !== 'readinessProbe' && probe.successThreshold !== undefined && probe.successThreshold !== 1) {
      problems.error([...at, 'successThreshold'], invalid(probe.successThreshold, 'must be 1'));
    }
    const grace = probe.terminationGracePeriodSeconds;
    if (grace === undefined) continue;
    const place = [...at, 'terminationGracePeriodSeconds'];
    if (kind === 'readinessProbe') problems.error(place, invalid(grace, 'must not be set for readinessProbes'));
    else if (grace <= 0) problems.error(place, invalid(grace, 'must be greater than 0'));
  }
}

export function checkLifecycle(lifecycle: Lifecycle, spec: PodSpecManifest, path: Path, problems: Problems): void {
  if (!lifecycle) return;
  for (const hook of ['postStart', 'preStop'] as const) {
    const handler = lifecycle[hook];
    if (handler) checkHandler(handler, spec.terminationGracePeriodSeconds, [...path, hook], problems);
  }
  if (lifecycle.stopSignal === undefined) return;
  const at = [...path, 'stopSignal'];
  if (!spec.os?.name) problems.error(at, forbidden('may not be set for containers with empty `spec.os.name`'));
  if (!SIGNALS.test(lifecycle.stopSignal))
    problems.error(at, invalid(lifecycle.stopSignal, 'must be the name of a Linux signal, such as SIGTERM'));
}

/** Rower's own: the kubelet finds out when it probes, and then probes in vain for ever. */
function checkPortIsKnown(container: ContainerManifest, probe: Probe, path: Path, problems: Problems): void {
  for (const kind of ['httpGet', 'tcpSocket'] as const) {
    const port = probe[kind]?.port;
    if (typeof port !== 'string' || portName(port).length > 0) continue;
    if (container.ports?.some(({ name }) => name === port)) continue;
    const names = (container.ports ?? []).flatMap(({ name }) => name ?? []);
    problems.error(
      [...path, kind, 'port'],
      invalid(port, `must be the name of a port of this container (${names.join(', ') || 'it has none'}), or a number`),
    );
  }
}

/** Exactly one kind of handler. `graceSeconds` bounds a sleep. */
function checkHandler(handler: Handler, graceSeconds: number | undefined, path: Path, problems: Problems): void {
  const kinds = HANDLERS.filter((kind) => handler[kind] !== undefined);
  if (kinds.length === 0) problems.error(path, required('must specify a handler type'));
  for (const extra of kinds.slice(1)) {
    problems.error([...path, extra], forbidden('may not specify more than 1 handler type'));
  }
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  switch (kinds[0]) {
    case 'exec':
      if (!exec?.command?.length) problems.error([...path, 'exec', 'command'], required());
      break;
    case 'httpGet':
      if (!httpGet?.path) problems.error([...path, 'httpGet', 'path'], required());
      checkPort(httpGet?.port, [...path, 'httpGet', 'port'], problems);
      if (httpGet?.scheme !== undefined && !SCHEMES.includes(httpGet.scheme)) {
        problems.error([...path, 'httpGet', 'scheme'], unsupported(httpGet.scheme, SCHEMES));
      }
      (httpGet?.httpHeaders ?? []).forEach((header, index) => {
        checkName(header.name, headerName, [...path, 'httpGet', 'httpHeaders', index, 'name'], problems);
      });
      break;
    case 'tcpSocket':
      checkPort(tcpSocket?.port, [...path, 'tcpSocket', 'port'], problems);
      break;
    case 'grpc':
      checkPort(grpc?.port, [...path, 'grpc', 'port'], problems);
      break;
    case 'sleep': {
      const seconds = sleep?.seconds ?? 0;
      if (seconds >= 0 && seconds <= (graceSeconds ?? seconds)) break;
      const limit = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
      problems.error([...path, 'sleep'], invalid(seconds, limit));
      break;
    }
  }
}

function checkPort(port: string | number | undefined, path: Path, problems: Problems): void {
  const value = port ?? 0;
  const details = typeof value === 'number' ? portNumber(value) : portName(value);
  for (const detail of details) problems.error(path, invalid(value, detail));
}
