import { type Bad, C, type Good, testRules, withContainer } from './rule-table.ts';

const withBoth = (pod: string, container = 'resources: {requests: {cpu: 1, memory: 1Gi}}') =>
  withContainer(container, `resources: ${pod}, `);

const GOOD: Good[] = [
  ['as much as the containers ask for', withBoth('{requests: {cpu: 1000m, memory: 1024Mi}}')],
  ['limits alone', withBoth('{limits: {cpu: 2, memory: 2Gi}}')],
  ['nothing at all', withBoth('{}')],
];

const BAD: Bad[] = [
  [
    'less than the containers ask for together',
    withBoth('{requests: {cpu: 500m, memory: 1Gi}}'),
    [
      'spec.resources.requests[cpu]: Invalid value: "500m": must be greater than or equal to aggregate container requests of 1',
    ],
  ],
  [
    'a limit below what the containers ask for',
    withBoth('{limits: {cpu: 500m}}'),
    ['spec.resources.requests: Invalid value: "1": must be less than or equal to cpu limit of 500m'],
  ],
  [
    'a container that may have more than the Pod',
    withBoth('{limits: {memory: 1Gi}}', 'resources: {limits: {memory: 2Gi}, requests: {memory: 1Mi}}'),
    [`${C}.resources.limits[memory]: Invalid value: "2Gi": must be less than or equal to pod limits of 1Gi`],
  ],
  [
    'a resource that only containers have',
    withBoth('{requests: {ephemeral-storage: 1Gi}}'),
    [
      'spec.resources.requests[ephemeral-storage]: Unsupported value: "ephemeral-storage": supported values: "cpu", "hugepages-", "memory"',
    ],
  ],
  [
    'fewer huge pages than a container may use',
    withBoth('{limits: {cpu: 1, hugepages-2Mi: 2Mi}}', 'resources: {limits: {memory: 1Gi, hugepages-2Mi: 4Mi}}'),
    [
      'spec.resources.requests[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container requests of 4Mi',
      'spec.resources.limits[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container limits of 4Mi',
      `${C}.resources.limits[hugepages-2Mi]: Invalid value: "4Mi": must be less than or equal to pod limits of 2Mi`,
    ],
  ],
];

testRules(GOOD, BAD);
