import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConfigDocument, DocumentMemory, Documents } from '../../src/kubelet/documents.ts';
import type { Observed, ObservedPod } from '../../src/kubelet/observed.ts';
import type { Snapshot, Source } from '../../src/kubelet/sources/source.ts';
import { newestRevision, Store } from '../../src/kubelet/store.ts';
import type { Revision } from '../../src/kubelet/types.ts';
import { Clock, silentLog, simEnv } from '../sim/env.ts';
import { Random } from '../sim/random.ts';
import { container, KEY, NOW_MS, observed, revision, sandbox } from './build.ts';
import { document, mapOf } from './documents.ts';

const FILE = '/etc/pods/a.yaml';
const before = revision({}, 'before', FILE);
const after = revision({}, 'after', FILE);
const origin = { kind: 'file', location: FILE } as const;
const UNREAD: Snapshot = { state: 'unknown', why: 'not read yet' };
const BROKEN: Snapshot = file({ problems: [{ severity: 'error', field: '', message: 'not YAML' }] });

function file(change: {
  revisions?: Revision[];
  documents?: ConfigDocument[];
  problems?: { severity: 'error'; field: string; message: string }[];
}): Snapshot {
  return { state: 'known', files: [{ origin, revisions: [], problems: [], ...change }] };
}

function nothing(): Observed {
  return { generation: 1, pods: new Map() };
}

function holding(pod: ObservedPod): Observed {
  return { generation: 1, pods: new Map([[KEY, pod]]) };
}

/** A store over one source whose snapshot the test sets. */
function start(memory?: DocumentMemory) {
  const clock = new Clock();
  const source = { kind: 'file', snapshot: UNREAD, current: () => source.snapshot, run: async () => {} } as Source & {
    snapshot: Snapshot;
  };
  const store = new Store(simEnv(clock, new Random('store'), silentLog), [source], memory);
  const wanted = (from: Observed = nothing()) => {
    const slot = store.resolve(from).slots.get(KEY);
    return slot?.state === 'want' ? `${slot.revision.uid}${slot.held ? ', held' : ''}` : slot?.state;
  };
  return { clock, source, store, wanted };
}

describe('what is wanted', () => {
  it('nothing is known before the source was read, and what runs is held', () => {
    const { store, wanted } = start();
    assert.equal(store.known(), false);
    assert.equal(wanted(holding(observed([sandbox(before)], []))), 'before, held');
  });

  it('a broken file keeps its last good version from memory, even when the runtime only has an older one', () => {
    const { source, wanted } = start();
    source.snapshot = file({ revisions: [after] });
    assert.equal(wanted(), 'after');
    source.snapshot = BROKEN;
    assert.equal(wanted(holding(observed([sandbox(before)], []))), 'after, held');
  });

  it('after a crash the last good version is read from the sandbox', () => {
    const { source, wanted } = start();
    source.snapshot = BROKEN;
    assert.equal(wanted(holding(observed([sandbox(before)], []))), 'before, held');
    assert.equal(start().wanted(), undefined);
  });

  it('what is in no file is dropped, and forgotten once it is gone', () => {
    const { source, wanted } = start();
    source.snapshot = file({});
    assert.equal(wanted(holding(observed([sandbox(before)], []))), 'drop');
    assert.equal(wanted(), undefined);
  });
});

describe('first sight', () => {
  it('is kept from round to round, and counts anew for another revision', async () => {
    const { clock, source, store, wanted } = start();
    source.snapshot = file({ revisions: [before] });
    wanted();
    const first = clock.nowMs();
    await clock.advance(5000);
    wanted();
    assert.equal(store.startTimeMs('before', undefined), first);
    source.snapshot = file({ revisions: [after] });
    wanted();
    assert.equal(store.startTimeMs('after', undefined), first + 5000);
  });

  it('what the sandbox recorded wins, so a restart of the agent does not change it', () => {
    const pod = observed([sandbox(before, { record: { revision: before, startTimeMs: 42 } })], []);
    assert.equal(start().store.startTimeMs('before', pod), 42);
  });
});

describe('documents', () => {
  const one = document('ConfigMap', 'settings', { a: '1' });
  const two = document('ConfigMap', 'settings', { a: '2' });
  const user = revision({ containers: [container({ envFrom: [{ configMapRef: { name: 'settings' } }] })] });

  it('are the same object until one of them changes, and only then are they kept and references computed anew', () => {
    const kept: Documents[] = [];
    const { source, store } = start({ documents: new Map(), keep: (documents) => kept.push(documents) });
    source.snapshot = file({ documents: [one] });
    store.resolve(nothing());
    const first = store.documents();
    const references = store.references(user);
    source.snapshot = file({ documents: [one] });
    store.resolve(nothing());
    assert.equal(store.documents(), first);
    assert.equal(store.references(user), references);
    source.snapshot = file({ documents: [two] });
    store.resolve(nothing());
    assert.notEqual(store.documents(), first);
    assert.notEqual(store.references(user)?.digest, references?.digest);
    assert.deepEqual(kept, [first, store.documents()]);
  });

  it('of the agent before stay as long as the source cannot be read or its file is broken', () => {
    const memory = { documents: mapOf(one), keep: () => {} };
    const { source, store } = start(memory);
    store.resolve(nothing());
    assert.equal(store.documents(), memory.documents);
    source.snapshot = BROKEN;
    store.resolve(nothing());
    assert.equal(store.documents(), memory.documents);
    source.snapshot = file({});
    store.resolve(nothing());
    assert.equal(store.documents().size, 0);
  });
});

describe('newestRevision', () => {
  it('is the revision of the sandbox that was made last', () => {
    const stopped = { state: 'notready' } as const;
    const older = sandbox(before, { ...stopped, createdAtMs: NOW_MS - 2 });
    const pod = observed([older, sandbox(after, { ...stopped, createdAtMs: NOW_MS - 1 })], []);
    assert.equal(newestRevision(pod), after);
    assert.equal(newestRevision(pod, 'after'), before);
  });

  it('is that of a sandbox that stands, although the clock was set back since an older one was made', () => {
    const younger = sandbox(before, { state: 'notready', createdAtMs: NOW_MS + 86_400_000 });
    assert.equal(newestRevision(observed([younger, sandbox(after)], [])), after);
  });

  it('a sandbox whose record cannot be read counts for nothing', () => {
    assert.equal(newestRevision(observed([sandbox(before, { record: {} })], [])), undefined);
  });
});
