/** Tables of the validation rules: what is wrong with a Pod, whether or not this version supports the fields it uses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePod } from '../../../../src/kubelet/manifest/decode.ts';
import { applyDefaults } from '../../../../src/kubelet/manifest/default.ts';
import { formatPath, Problems } from '../../../../src/kubelet/manifest/problems.ts';
import { validatePod } from '../../../../src/kubelet/manifest/validate.ts';
import { readYaml } from '../../../../src/kubelet/manifest/yaml.ts';

/** The problems as `path: message`, without the examples of long messages. */
export function validate(text: string, name = 'a-node'): string[] {
  const problems = new Problems();
  const decoding = new Problems();
  const pod = applyDefaults(decodePod(readYaml(text).documents[0]?.value, [], decoding));
  const wrong = decoding.findings.filter((finding) => /unknown field|Invalid value/.test(finding.message));
  assert.deepEqual(wrong, [], 'the case itself is well formed');
  validatePod(pod, name, [], problems);
  return problems.findings.map(({ path, message }) => `${formatPath(path)}: ${message.replace(/ \(e\.g\. .*/s, '')}`);
}

export const podOf = (spec: string) => `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: ${spec}`;
export const withContainer = (fields: string, podFields = '') =>
  podOf(`{${podFields}containers: [{name: m, image: "x:1", ${fields}}]}`);
export const withVolume = (source: string) => withContainer('', `volumes: [{name: v, ${source}}], `);
export const withPod = (fields: string) => withContainer('', `${fields}, `);
export const probe = (fields: string, kind = 'livenessProbe') => withContainer(`${kind}: {${fields}}`);
export const C = 'spec.containers[0]';
export const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
export const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
export const PORT = 'must be between 1 and 65535, inclusive';
export const ID = 'must be between 0 and 2147483647, inclusive';
export const IP = 'must be a valid IP address,';

/** What is tried, and the manifest. */
export type Good = [string, string];
/** What is tried, the manifest, and its problems. */
export type Bad = [string, string, string[]];

export function testRules(good: readonly Good[], bad: readonly Bad[]): void {
  for (const [what, text] of good) {
    test(`accepts ${what}`, () => {
      assert.deepEqual(validate(text), []);
    });
  }
  for (const [what, text, problems] of bad) {
    test(`refuses ${what}`, () => {
      assert.deepEqual(validate(text), problems);
    });
  }
}
