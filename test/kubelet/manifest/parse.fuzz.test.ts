import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from './read.ts';

test('no bytes make the parser throw, and errors leave no Pods', () => {
  const words = [
    'apiVersion: v1\n',
    'kind: Pod\n',
    'metadata:\n',
    '  name: a\n',
    'spec:\n',
    '  containers:\n',
    '  - name: m\n',
    '    image: x\n',
    'items: ',
    '[',
    ']',
    '{',
    '}',
    ': ',
    '- ',
    '\n',
    '---\n',
    '&a ',
    '*a ',
    '<<: ',
    '"',
    "'",
    '|\n',
    '# ',
    '!!int ',
    '\t',
    'env: ',
    '0644',
    '~',
  ];
  const text = fc
    .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 5 })))
    .map((parts) => Buffer.from(parts.join('')));
  const json = fc
    .jsonValue()
    .map((value) => Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', spec: value })));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), text, json), (bytes) => {
      const result = parse(bytes);
      const failed = result.problems.some((problem) => problem.severity === 'error');
      if (failed) assert.deepEqual(result.revisions, []);
      for (const { line, column, excerpt } of result.problems) {
        assert.equal(line === undefined, excerpt === undefined);
        if (line !== undefined) assert.ok(line >= 1 && (column ?? 0) >= 1);
      }
    }),
    { numRuns: 500 },
  );
});

/** A Pod spec made of real field names with values of any type. */
const wildSpec = fc.dictionary(
  fc.constantFrom(
    'containers',
    'volumes',
    'hostNetwork',
    'dnsConfig',
    'securityContext',
    'tolerations',
    'os',
    'hostAliases',
    'initContainers',
    'resources',
    'terminationGracePeriodSeconds',
  ),
  fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 0, -1, 1.5, '', 'x', 'Always', 'Memory', 1e21),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          'name',
          'image',
          'ports',
          'containerPort',
          'hostPort',
          'env',
          'valueFrom',
          'fieldRef',
          'fieldPath',
          'resourceFieldRef',
          'resource',
          'divisor',
          'configMapKeyRef',
          'fileKeyRef',
          'envFrom',
          'secretRef',
          'livenessProbe',
          'exec',
          'command',
          'httpGet',
          'port',
          'httpHeaders',
          'lifecycle',
          'preStop',
          'sleep',
          'seconds',
          'resources',
          'limits',
          'requests',
          'claims',
          'hugepages-2Mi',
          'volumeMounts',
          'mountPath',
          'mountPropagation',
          'recursiveReadOnly',
          'securityContext',
          'seccompProfile',
          'type',
          'localhostProfile',
          'sysctls',
          'capabilities',
          'add',
          'restartPolicy',
          'restartPolicyRules',
          'exitCodes',
          'values',
          'projected',
          'sources',
          'configMap',
          'items',
          'downwardAPI',
          'emptyDir',
          'medium',
          'sizeLimit',
          'hostPath',
          'path',
          'nameservers',
          'searches',
          'options',
          'ip',
          'hostnames',
          'volumeDevices',
          'key',
          'operator',
        ),
        tie('value'),
        { maxKeys: 6 },
      ),
    ),
  })).value,
);

test('no mixture of fields and types makes the rules throw', () => {
  fc.assert(
    fc.property(wildSpec, (spec) => {
      const result = parse(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec }));
      for (const problem of result.problems) assert.ok(problem.field && problem.message && problem.line);
    }),
    { numRuns: 1000 },
  );
});
