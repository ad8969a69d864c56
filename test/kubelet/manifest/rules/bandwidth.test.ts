import { type Bad, type Good, testRules } from './rule-table.ts';

const INGRESS = 'kubernetes.io/ingress-bandwidth';
const EGRESS = 'kubernetes.io/egress-bandwidth';
const annotated = (name: string, value: string, spec = '') =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {${name}: "${value}"}}\nspec: {${spec}containers: [{name: m, image: "x:1"}]}`;

const GOOD: Good[] = [
  ['a kilobit', annotated(INGRESS, '1k')],
  ['a petabit', annotated(EGRESS, '1P')],
];

const BAD: Bad[] = [
  [
    'too little',
    annotated(INGRESS, '999'),
    [`metadata.annotations[${INGRESS}]: Invalid value: "999": resource is unreasonably small (< 1kbit)`],
  ],
  [
    'too much',
    annotated(EGRESS, '2P'),
    [`metadata.annotations[${EGRESS}]: Invalid value: "2P": resource is unreasonably large (> 1Pbit)`],
  ],
  [
    'no quantity',
    annotated(EGRESS, '10Mbit'),
    [
      `metadata.annotations[${EGRESS}]: Invalid value: "10Mbit": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'; write bits per second, such as 10M`,
    ],
  ],
  [
    "to shape the machine's own traffic (a warning)",
    annotated(INGRESS, '1M', 'hostNetwork: true, '),
    [`metadata.annotations[${INGRESS}]: ignored: the traffic of the machine's own network is not shaped`],
  ],
];

testRules(GOOD, BAD);
