/** The one owner of what is known of the metadata: the agent tells it, the status endpoint, metrics and events read it. */
import { redactUrls } from '../http/redact.ts';
import type { MetadataErrorKind, MetadataView } from '../kubelet/metadata-view.ts';
import type { MetadataState } from './manifests.ts';
import type { Obtained } from './obtain.ts';

const MAX_PROBLEMS = 100;
const MAX_MESSAGE_CHARS = 1024;

export class MetadataStatus {
  #listener: () => void = () => {};
  #view: MetadataView = {
    state: 'looking',
    known: false,
    files: 0,
    pods: 0,
    documents: 0,
    problems: [],
    asked: 0,
    errors: {},
  };

  /** Calls `listener` after each change, instead of the one before. */
  onChange(listener: () => void): void {
    this.#listener = listener;
  }

  /** Frozen; another object after each change. */
  view(): MetadataView {
    return this.#view;
  }

  /** What a state file of before says. */
  restored({ provider, instanceId, files, taken }: MetadataState): void {
    this.#change({
      provider,
      known: true,
      files: Object.keys(files).length,
      ...(instanceId !== undefined && { instanceId }),
      ...(taken && {
        pods: taken.pods,
        documents: taken.documents,
        userDataSha256: taken.sha256,
        changedAtMs: taken.changedAtMs,
      }),
    });
  }

  chosen(provider: string, reason: string): void {
    this.#change({ state: 'asking', provider, reason });
  }

  noneFits(): void {
    this.#change({ state: 'none', known: true });
  }

  asking(): void {
    this.#change({ asked: this.#view.asked + 1 });
  }

  /** `inUse`: the manifests that count from now on; absent: those of before. `changed`: they are others than before. */
  answered(obtained: Obtained, atMs: number, inUse: Obtained['files'] | undefined, changed: boolean): void {
    const { provider, instanceId, outcome, payload, sha256, problems } = obtained;
    const refused = outcome === 'refused';
    const { error: _, nextTryAtMs: __, userDataSha256: before, payload: ___, ...rest } = this.#view;
    const hash = sha256 ?? (outcome === 'absent' ? undefined : before);
    this.#view = rest;
    this.#change({
      state: refused ? 'refused' : 'current',
      known: true,
      provider,
      outcome,
      ...(instanceId !== undefined && { instanceId }),
      ...(payload !== undefined && { payload }),
      ...(hash !== undefined && { userDataSha256: hash }),
      ...(inUse && {
        files: inUse.length,
        pods: inUse.reduce((total, { pods }) => total + pods, 0),
        documents: inUse.reduce((total, { documents }) => total + documents, 0),
      }),
      problems: problems.slice(0, MAX_PROBLEMS).map(({ severity, place, field = '', message, line, column }) => ({
        severity,
        place,
        field,
        message: safe(message),
        ...(line !== undefined && { line }),
        ...(column !== undefined && { column }),
      })),
      lastSuccessAtMs: refused ? (this.#view.lastSuccessAtMs as number) : atMs,
      ...(changed && { changedAtMs: atMs }),
      ...(refused && { errors: this.#counted('refused') }),
    });
  }

  /** A service that is switched off for this machine is an answer too. */
  failed(kind: MetadataErrorKind, message: string, atMs: number, nextTryAtMs: number): void {
    const error = { kind, message: safe(message), atMs };
    const known = this.#view.known || kind === 'denied';
    this.#change({ state: 'failing', known, error, nextTryAtMs, errors: this.#counted(kind) });
  }

  #counted(kind: MetadataErrorKind): MetadataView['errors'] {
    const { errors } = this.#view;
    return { ...errors, [kind]: (errors[kind] ?? 0) + 1 };
  }

  #change(change: Partial<MetadataView>): void {
    const view = { ...this.#view, ...change };
    this.#view = Object.freeze(
      Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined)),
    ) as unknown as MetadataView;
    this.#listener();
  }
}

/** One line, bounded, without the passwords and queries of URLs. */
export function safe(message: string): string {
  return redactUrls(message.split('\n', 1)[0] ?? '').slice(0, MAX_MESSAGE_CHARS);
}
