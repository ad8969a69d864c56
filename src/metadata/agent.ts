/**
 * Keeps the manifest directory as the metadata says, over time: at a start what ran before runs again if this is the same
 * machine, then the provider is asked until it answers, then again as it allows. What cannot be had or is refused never
 * stops what runs.
 *
 *     start ── same machine ──→ files of before ─┐
 *       └───── another ───────→ no files ────────┴→ detect → ask ⇄ wait
 */
import { type Env, sleep } from '../kubelet/env.ts';
import type { MetadataErrorKind } from '../kubelet/metadata-view.ts';
import { messageOf } from '../kubelet/sources/regular-file.ts';
import type { Serials } from './ingest/claims.ts';
import { problemText } from './ingest/ingest.ts';
import { localIdOf, mayGetMedia } from './local-id.ts';
import type { Machine } from './machine.ts';
import type { ManifestStore, MetadataState, Taken } from './manifests.ts';
import { contextOf, type Obtained, type ObtainOptions, obtain } from './obtain.ts';
import { MetadataError, type Provider } from './provider.ts';
import { type Candidate, detect, type Selection } from './select.ts';
import { mergeSerials, readSerials, writeSerials } from './serials.ts';
import { MetadataStatus, safe } from './status.ts';
import type { TrustMode } from './trust.ts';

export interface MetadataAgentOptions {
  selection: Selection;
  machine: Machine;
  store: ManifestStore;
  nodeName: string;
  manifestDirectory: string;
  endpoint?: string;
  trust: TrustMode;
  env: Env;
  /** Told of everything; absent: nobody asks. */
  status?: MetadataStatus;
  /** Told which provider it is. */
  chosen: (provider: Provider) => void;
  /** Told of what the provider says of the machine. */
  learn: (provider: string, attributes: Readonly<Record<string, string>>) => void;
  /** Told of what the operator of the machine should see: an event. */
  report: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

const FIRST_RETRY_MS = 200;
const RETRY_MS = 5000;
/** From then on there is no hurry. */
const URGENT_MS = 300_000;
const SLOW_RETRY_MS = 30_000;
const SLOWEST_RETRY_MS = 300_000;
const JITTER = 0.2;
/** A disc may come up after the agent. */
const DETECT_AGAIN_MS = 1000;
const DETECT_TRIES = 10;
/** Changes of several values come together. */
const DEBOUNCE_MS = 1000;
const LOUD_FAILURES = 3;
/** Of one answer; the rest is in the log. */
const MAX_EVENTS = 10;

/** What an event says of a failure; all others are `MetadataUnavailable`. */
const FAILURE_REASONS: Readonly<Partial<Record<MetadataErrorKind, string>>> = {
  denied: 'MetadataDenied',
  identity: 'MetadataNotBelieved',
  invalid: 'MetadataInvalid',
  write: 'ManifestsNotWritten',
};

export class MetadataAgent {
  readonly #options: MetadataAgentOptions;
  readonly #random: () => number;
  readonly #status: MetadataStatus;
  #state: MetadataState | undefined;
  #lastText = '';
  #lastKept = '';
  #failures = 0;
  /** Ends the wait for news. */
  #round = new AbortController();

  constructor(options: MetadataAgentOptions) {
    this.#options = options;
    this.#random = options.env.random('metadata');
    this.#status = options.status ?? new MetadataStatus();
  }

  /** Before anything reads the manifest directory: a disk that was copied must not run its original's Pods. */
  async prepare(): Promise<void> {
    const { store, machine, env } = this.#options;
    const state = await store.load();
    const localId = await localIdOf(machine);
    const known = state?.localId !== undefined && localId !== undefined;
    if (state && !(known && state.localId !== localId)) {
      this.#state = state;
      this.#options.learn(state.provider, state.attributes);
      this.#status.restored(state);
      const change = await store.restore(state);
      if (change) {
        env.log.info(
          { provider: state.provider, files: Object.keys(state.files).length },
          'manifests of the last metadata stay until there are newer ones',
        );
        return;
      }
      env.log.warn(
        {},
        'the copies of the last metadata are damaged: the manifests that are there stay until there are newer ones',
      );
      return;
    }
    if (!state) {
      if (await store.hasState())
        env.log.warn(
          {},
          'the state of the last metadata is damaged: the manifests that are there stay until there are newer ones',
        );
      return;
    }
    const { removed } = await store.purge();
    if (removed.length === 0) return;
    const text = 'the metadata on this disk is of another machine: its manifests are removed';
    env.log.warn({ removed }, text);
    this.#options.report('Warning', 'MetadataOfAnotherMachine', `${text}: ${removed.join(', ')}`);
  }

  /** The provider is asked now, or once more when it is being asked: keys of this machine may be other ones. */
  askAgain(): void {
    this.#round.abort();
  }

  /** Until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const candidate = await this.#detect(signal);
    if (!candidate) return;
    const { env } = this.#options;
    let etag: string | undefined;
    let startedMs = env.monotonicMs();
    while (!signal.aborted) {
      this.#round = new AbortController();
      const either = AbortSignal.any([signal, this.#round.signal]);
      try {
        await this.#ask(candidate, signal);
        this.#recovered();
        startedMs = env.monotonicMs();
        etag = await this.#wait(candidate, etag, either);
      } catch (error) {
        if (signal.aborted) return;
        if (!either.aborted) await sleep(env, this.#failed(error, env.monotonicMs() - startedMs), either);
      }
    }
  }

  async #detect(signal: AbortSignal): Promise<Candidate | undefined> {
    const { selection, machine, env } = this.#options;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const { chosen, checks } = await detect(selection, machine);
      if (chosen) {
        const reason = checks.find(({ candidate }) => candidate === chosen)?.reason ?? 'it was named';
        env.log.info({ provider: chosen.provider.name, reason }, 'metadata provider');
        this.#status.chosen(chosen.provider.name, reason);
        this.#options.chosen(chosen.provider);
        return chosen;
      }
      if (attempt >= DETECT_TRIES || !(await mayGetMedia(machine))) break;
      await sleep(env, DETECT_AGAIN_MS, signal);
    }
    if (signal.aborted) return undefined;
    this.#status.noneFits();
    env.log.info({}, 'no metadata provider fits this machine: only the manifests that are there are run');
    return undefined;
  }

  async #ask(candidate: Candidate, signal: AbortSignal): Promise<void> {
    this.#status.asking();
    const obtained = await obtain(this.#obtainOptions(candidate, signal));
    if (!signal.aborted) await this.#apply(obtained);
  }

  #obtainOptions(candidate: Candidate, signal: AbortSignal): ObtainOptions {
    const { machine, store, nodeName, manifestDirectory, endpoint, trust, env } = this.#options;
    const { serialsFile } = store;
    const base = { candidate, machine, nodeName, manifestDirectory, serialsFile, trust, env, signal };
    return endpoint === undefined ? base : { ...base, endpoint };
  }

  async #apply(obtained: Obtained): Promise<void> {
    const { store, machine, env, report } = this.#options;
    const { provider, instanceId, outcome, files, problems, sha256 = '' } = obtained;
    const before = this.#state;
    const nowMs = env.nowMs();
    const another = before?.instanceId !== undefined && instanceId !== undefined && before.instanceId !== instanceId;
    this.#say(obtained);
    this.#options.learn(provider, obtained.attributes);
    const keeps =
      outcome === 'refused' ||
      (outcome === 'absent' && before?.onMissing !== 'remove') ||
      (outcome === 'empty' && before?.onEmpty !== 'remove');
    if (keeps && !another) {
      if (before && Object.keys(before.files).length > 0 && outcome !== 'refused')
        this.#once(`the user-data is ${outcome} now: the Pods it gave before stay`);
      this.#status.answered(obtained, nowMs, undefined, false);
      return;
    }
    const localId = await localIdOf(machine);
    const inUse = outcome === 'files' ? files : [];
    const taken = before?.taken;
    const changed = taken?.sha256 !== sha256;
    const written = {
      provider,
      attributes: obtained.attributes,
      fetchedAtMs: nowMs,
      taken: takenOf(inUse, sha256, changed ? nowMs : taken.changedAtMs),
      ...(instanceId !== undefined && { instanceId }),
      ...(localId !== undefined && { localId }),
      ...(outcome === 'files' ? obtained.wishes : {}),
    };
    const change = await store.replace(inUse, written).catch((error: unknown) => {
      const text = `the manifests cannot be written: ${messageOf(error)}`;
      throw new MetadataError(text, { cause: error, kind: 'write' });
    });
    await this.#remember(obtained.serials);
    this.#state = await store.load();
    this.#status.answered(obtained, nowMs, inUse, changed);
    if (another) {
      const text = 'this is another instance than before';
      env.log.warn({ before: before?.instanceId, now: instanceId }, text);
      report('Warning', 'MetadataInstanceChanged', `${text}: ${instanceId} instead of ${before?.instanceId}`);
    }
    if (change.written.length + change.removed.length === 0) return;
    const signers = [...new Set(files.flatMap(({ signer }) => signer ?? []))];
    const by = signers.length === 0 ? '' : `, signed by ${signers.join(', ')}`;
    env.log.info({ ...change, provider, warnings: problems.length, signers }, 'manifests from metadata');
    report(
      'Normal',
      'ManifestsFromMetadata',
      `${files.length} manifests from ${provider}: ${change.written.length} written, ${change.removed.length} removed${by}`,
    );
  }

  /** Older ones are not taken again. */
  async #remember(taken: Serials): Promise<void> {
    if (taken.size === 0) return;
    const { serialsFile: path } = this.#options.store;
    const before = await readSerials(path);
    if (typeof before === 'string') throw new MetadataError(before, { final: true, kind: 'write' });
    const merged = mergeSerials(before, taken);
    if (merged === before) return;
    await writeSerials(path, merged).catch((cause: unknown) => {
      throw new MetadataError(`${path} cannot be written: ${messageOf(cause)}`, { cause, kind: 'write' });
    });
  }

  /** Problems are told once, until they are other ones. */
  #say({ problems, outcome, provider }: Obtained): void {
    const { env, report } = this.#options;
    const text = `${outcome}: ${problems.map(problemText).join('\n')}`;
    if (text === this.#lastText) return;
    this.#lastText = text;
    for (const problem of problems)
      env.log[problem.severity === 'error' ? 'error' : 'warn']({ provider }, problemText(problem));
    // Without the lines of the manifest: events can be read by anybody.
    for (const { excerpt: _, ...problem } of problems.slice(0, MAX_EVENTS))
      report(
        'Warning',
        problem.severity === 'error' ? 'ManifestRejected' : 'ManifestWarning',
        safe(problemText(problem)),
      );
    if (problems.length === 0 && outcome !== 'files')
      env.log.info({ provider }, `the user-data is ${outcome}: no Pods from it`);
  }

  #once(text: string): void {
    if (text === this.#lastKept) return;
    this.#lastKept = text;
    this.#options.env.log.warn({}, text);
    this.#options.report('Warning', 'MetadataMissing', text);
  }

  /** Until there may be news; for ever where the provider's user-data cannot change while a machine runs. */
  async #wait(candidate: Candidate, etag: string | undefined, signal: AbortSignal): Promise<string | undefined> {
    const { provider } = candidate;
    const { env } = this.#options;
    if (provider.waitForChange) {
      const context = await contextOf(this.#obtainOptions(candidate, signal));
      while (!signal.aborted) {
        const next = await provider.waitForChange(context, etag);
        // Also for a service that answers at once with nothing new.
        if (etag !== undefined) await sleep(env, DEBOUNCE_MS, signal);
        if (next !== etag) return next;
      }
      return etag;
    }
    if (provider.pollMs !== undefined) await sleep(env, this.#jittered(provider.pollMs), signal);
    else await aborted(signal);
    return undefined;
  }

  /** How long to wait before the next attempt. */
  #failed(error: unknown, sinceMs: number): number {
    const { env, report } = this.#options;
    this.#failures += 1;
    const message = safe(messageOf(error));
    const known = error instanceof MetadataError ? error : undefined;
    const urgent = sinceMs < URGENT_MS && known?.final !== true;
    const doubled = FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 20);
    const delayMs = urgent ? Math.min(doubled, RETRY_MS) : Math.min(Math.max(doubled, SLOW_RETRY_MS), SLOWEST_RETRY_MS);
    const retryMs = Math.max(known?.retryAfterMs ?? 0, this.#jittered(delayMs));
    const kind = known?.kind ?? 'invalid';
    const fields = { error: message, kind, failures: this.#failures, retryMs: Math.round(retryMs) };
    const text = 'the metadata cannot be had, Pods stay as they are';
    this.#status.failed(kind, message, env.nowMs(), env.nowMs() + retryMs);
    if (this.#failures <= LOUD_FAILURES) env.log.warn(fields, text);
    else env.log.debug(fields, text);
    const reason = FAILURE_REASONS[kind] ?? 'MetadataUnavailable';
    // A service that is starting up is no news; one that says no is.
    if (this.#failures === LOUD_FAILURES || (known?.final && this.#failures === 1)) report('Warning', reason, message);
    return retryMs;
  }

  #recovered(): void {
    if (this.#failures > 0) this.#options.env.log.info({ failures: this.#failures }, 'the metadata service answers');
    this.#failures = 0;
  }

  #jittered(delayMs: number): number {
    return delayMs * (1 - JITTER + 2 * JITTER * this.#random());
  }
}

/** Resolves when it aborts, or has. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function takenOf(files: Obtained['files'], sha256: string, changedAtMs: number): Taken {
  const count = (key: 'pods' | 'documents') => files.reduce((total, file) => total + file[key], 0);
  return { pods: count('pods'), documents: count('documents'), sha256, changedAtMs };
}
