import { type Bad, C, type Good, testRules, withContainer } from './rule-table.ts';

const GOOD: Good[] = [
  [
    'a policy for each resource',
    withContainer(
      'resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}, {resourceName: memory, restartPolicy: RestartContainer}]',
    ),
  ],
  ['huge pages with memory', withContainer('resources: {limits: {hugepages-2Mi: 4Mi, memory: 64Mi}}')],
];

const BAD: Bad[] = [
  [
    'a request above its limit',
    withContainer('resources: {limits: {cpu: 1}, requests: {cpu: 2}}'),
    [`${C}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`],
  ],
  [
    'a negative limit',
    withContainer('resources: {limits: {memory: -1}}'),
    [`${C}.resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0`],
  ],
  [
    'an unknown resource name',
    withContainer('resources: {limits: {gpus: 1}}'),
    [`${C}.resources.limits[gpus]: Invalid value: "gpus": must be a standard resource for containers`],
  ],
  [
    'an extended resource',
    withContainer('resources: {limits: {nvidia.com/gpu: 1}}'),
    [
      `${C}.resources.limits[nvidia.com/gpu]: Forbidden: extended resources need a device plugin, which Rower does not have`,
    ],
  ],
  [
    'huge pages alone, unequal, and no multiple',
    withContainer('resources: {limits: {hugepages-2Mi: 3Mi}, requests: {hugepages-2Mi: 2Mi}}'),
    [
      `${C}.resources.limits[hugepages-2Mi]: Invalid value: "3Mi": must be a positive multiple of 2097152 bytes`,
      `${C}.resources.requests: Invalid value: "2Mi": must be equal to hugepages-2Mi limit of 3Mi`,
      `${C}.resources: Forbidden: HugePages require cpu or memory`,
    ],
  ],
  [
    'huge pages without a limit',
    withContainer('resources: {limits: {memory: 1Gi}, requests: {hugepages-2Mi: 2Mi}}'),
    [`${C}.resources.limits: Required value: Limit must be set for non overcommitable resources`],
  ],
  [
    'resize policies',
    withContainer(
      'resizePolicy: [{resourceName: cpu, restartPolicy: Maybe}, {resourceName: cpu, restartPolicy: NotRequired}, {resourceName: gpu}, {}]',
    ),
    [
      `${C}.resizePolicy[0].restartPolicy: Unsupported value: "Maybe": supported values: "NotRequired", "RestartContainer"`,
      `${C}.resizePolicy[1]: Duplicate value: "cpu"`,
      `${C}.resizePolicy[2].resourceName: Unsupported value: "gpu": supported values: "cpu", "memory"`,
      `${C}.resizePolicy[2].restartPolicy: Required value`,
      `${C}.resizePolicy[3].resourceName: Required value`,
      `${C}.resizePolicy[3].restartPolicy: Required value`,
    ],
  ],
  [
    'a restart for a resize of what never restarts',
    withContainer('resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]', 'restartPolicy: Never, '),
    [
      `${C}.resizePolicy[0].restartPolicy: Invalid value: "RestartContainer": must be 'NotRequired' when \`restartPolicy\` is 'Never'`,
    ],
  ],
];

testRules(GOOD, BAD);
