import { describe, it } from 'node:test';
import type { Notes } from '../../../src/kubelet/notes.ts';
import { container, input, instance, KEY, NOW_MS, notes, observed, revision, sandbox } from '../build.ts';
import { assertPlan, type PlanRow } from '../plan-rows.ts';

const WEB = revision();
const MAIN = 'main.u1.0';
const NOW_MONOTONIC_MS = input().clock.monotonicMs;
const ago = (seconds: number) => NOW_MONOTONIC_MS - seconds * 1000;

/** A Pod that was told to leave so many seconds ago; its containers run still. */
function told(seconds: number, fill: (all: Notes) => void = () => {}, of = WEB): PlanRow['given'] {
  const known = notes((all) => {
    all.leaving('u1', NOW_MS, ago(seconds));
    fill(all);
  });
  return {
    slot: { state: 'drop', key: KEY },
    observed: observed([sandbox(of)], [instance(of)]),
    notes: known,
    notesOf: () => known,
  };
}

const hooked = revision({ containers: [container({ lifecycle: { preStop: { exec: { command: ['true'] } } } })] });

describe('the grace period of a Pod that was told to stop', () => {
  const rows: PlanRow[] = [
    {
      name: 'has just begun',
      given: told(0),
      actions: [`stop ${MAIN} grace 30s`],
    },
    {
      name: 'passes while a container waits for the runtime to have room',
      given: told(4),
      actions: [`stop ${MAIN} grace 26s`],
    },
    {
      name: 'is two seconds at the least, however long that took',
      given: told(100),
      actions: [`stop ${MAIN} grace 2s`],
    },
    {
      name: 'begins anew for a stop that failed, but for what was waited before it',
      given: told(20, (all) => all.stopSent('u1', MAIN, ago(17))),
      actions: [`stop ${MAIN} grace 27s`],
    },
    {
      name: 'passes while a hook waits for the runtime to have room',
      given: told(4, (all) => all.hookBegan('u1', MAIN, ago(4)), hooked),
      actions: [`preStop ${MAIN}`],
    },
  ];
  for (const row of rows) it(row.name, () => assertPlan({ ...row, waits: ['Terminating'] }));
});
