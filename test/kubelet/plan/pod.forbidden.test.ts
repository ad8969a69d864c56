import { describe, it } from 'node:test';
import { exited, instance, observed, revision, sandbox } from '../build.ts';
import { assertPlan, type PlanRow } from '../plan-rows.ts';

const FORBIDDEN = { verdict: 'reject', forbidden: true, reason: 'PolicyForbidden', message: 'no' } as const;
const web = revision();

const rows: PlanRow[] = [
  {
    name: 'what is forbidden is not started',
    given: { admission: FORBIDDEN },
    actions: [],
    waits: ['PolicyForbidden', 'ContainerCreating'],
  },
  {
    name: 'what is forbidden and runs is left alone',
    given: { admission: FORBIDDEN, observed: observed([sandbox(web)], [instance(web)]) },
    actions: [],
    waits: ['PolicyForbidden'],
  },
  {
    name: 'nothing of what is forbidden is started again',
    given: { admission: FORBIDDEN, observed: observed([sandbox(web)], [exited(web, 600_000)]) },
    actions: [],
    waits: ['PolicyForbidden'],
  },
];

describe('planPod, what the owner of the machine forbids', () => {
  for (const row of rows) it(row.name, () => assertPlan(row));
});
