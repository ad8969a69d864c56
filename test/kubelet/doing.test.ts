import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Doing } from '../../src/kubelet/doing.ts';
import { podKey } from '../../src/kubelet/types.ts';

describe('what is being done', () => {
  const [web, db] = [podKey('default', 'web'), podKey('default', 'db')];
  const stop = { kind: 'stop-sandbox', sandboxId: 's' } as const;
  const remove = { kind: 'remove-sandbox', sandboxId: 's' } as const;

  it('is told for each Pod by itself, with what follows in its lanes', () => {
    const doing = new Doing();
    doing.step('pod/web', { key: web, action: stop, rest: [remove], sinceMs: 5 });
    doing.step('pod/db', { key: db, action: remove, rest: [], sinceMs: 6 });
    assert.deepEqual(doing.of(web), {
      doing: [{ what: 'take down sandbox s and its network', sinceMs: 5 }],
      next: { what: ['remove sandbox s'] },
    });
    doing.step('pod/web', { key: web, action: remove, rest: [], sinceMs: 7 });
    assert.deepEqual(doing.of(web).doing, [{ what: 'remove sandbox s', sinceMs: 7 }]);
    doing.ended('pod/web');
    assert.deepEqual(doing.of(web), { doing: [], next: { what: [] } });
    assert.equal(doing.of(db).doing.length, 1);
  });
});
