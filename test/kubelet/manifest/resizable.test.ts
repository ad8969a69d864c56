import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse, SIMPLE } from './read.ts';

type Change = { resources?: string; pod?: string; init?: string };

function revisionOf({ resources = '{}', pod = '', init = '' }: Change) {
  const main = SIMPLE.replace('"x:1"', `"x:1", resources: ${resources}`);
  const result = parse(main.replace('spec: {', `spec: {${pod}${init && `initContainers: [${init}], `}`));
  assert.deepEqual(result.problems, []);
  return result.revisions[0];
}
const uid = (change: Change) => revisionOf(change)?.uid;

const BURSTABLE = '{limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 500m, memory: 512Mi}}';

describe('what makes a Pod another one', () => {
  const same: [string, Change, Change][] = [
    [
      'amounts of a container',
      { resources: BURSTABLE },
      { resources: '{limits: {cpu: 2, memory: 3Gi}, requests: {cpu: 1, memory: 1Gi}}' },
    ],
    [
      'a request that becomes its limit',
      { resources: '{limits: {cpu: 1}}' },
      { resources: '{limits: {cpu: 2}, requests: {cpu: 1}}' },
    ],
    [
      'both amounts of a guaranteed one',
      { resources: '{limits: {cpu: 1, memory: 1Gi}}' },
      { resources: '{limits: {cpu: 2, memory: 1Gi}}' },
    ],
    [
      'amounts of a sidecar',
      { init: '{name: s, image: "x:1", restartPolicy: Always, resources: {requests: {cpu: 1}}}' },
      { init: '{name: s, image: "x:1", restartPolicy: Always, resources: {requests: {cpu: 2}}}' },
    ],
    ['amounts of the Pod', { pod: 'resources: {limits: {cpu: 1}}, ' }, { pod: 'resources: {limits: {cpu: 2}}, ' }],
    [
      'an amount of zero, and none',
      { resources: '{requests: {cpu: 1, memory: 0}}' },
      { resources: '{requests: {cpu: 2}}' },
    ],
  ];
  for (const [what, a, b] of same) {
    it(`not ${what}`, () => {
      assert.equal(uid(a), uid(b));
    });
  }
  const different: [string, Change, Change][] = [
    ['the class of service', { resources: BURSTABLE }, { resources: '{limits: {cpu: 1, memory: 1Gi}}' }],
    [
      'a limit that comes or goes',
      { resources: '{requests: {cpu: 1}}' },
      { resources: '{requests: {cpu: 1}, limits: {cpu: 2}}' },
    ],
    ['any resources at all', {}, { resources: '{requests: {cpu: 1}}' }],
    [
      'storage',
      { resources: '{requests: {cpu: 1, ephemeral-storage: 1Gi}}' },
      { resources: '{requests: {cpu: 1, ephemeral-storage: 2Gi}}' },
    ],
    [
      'amounts of an init container',
      { init: '{name: s, image: "x:1", resources: {requests: {cpu: 1}}}' },
      { init: '{name: s, image: "x:1", resources: {requests: {cpu: 2}}}' },
    ],
    ['a label beside amounts', { resources: BURSTABLE }, { resources: BURSTABLE, pod: 'hostname: h, ' }],
    [
      'a resize policy',
      { resources: BURSTABLE },
      { resources: `${BURSTABLE}, resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]` },
    ],
  ];
  for (const [what, a, b] of different) {
    it(`${what}`, () => {
      assert.notEqual(uid(a), uid(b));
    });
  }
  it('shows the amounts all the same', () => {
    assert.deepEqual(revisionOf({ resources: '{limits: {cpu: 2}}' })?.pod.spec.containers[0]?.resources, {
      limits: { cpu: '2' },
      requests: { cpu: '2' },
    });
  });
});
