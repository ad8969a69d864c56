import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCredentialProviders } from '../../src/config/credential-providers.ts';
import { ConfigError } from '../../src/config/errors.ts';

const GOOD = `apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
  - name: ecr
    apiVersion: credentialprovider.kubelet.k8s.io/v1
    matchImages: ["*.dkr.ecr.*.amazonaws.com"]
    defaultCacheDuration: 12h
    args: [get]
    env: [{name: REGION, value: eu}]
`;

function problems(text: string): string[] {
  try {
    readCredentialProviders('/etc/providers.yaml', new TextEncoder().encode(text));
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.split('\n').map((line) => line.replace('/etc/providers.yaml:', ''));
  }
  return [];
}

test("the kubelet's file of credential providers is read as it is", () => {
  assert.deepEqual(readCredentialProviders('f', new TextEncoder().encode(GOOD)), [
    {
      name: 'ecr',
      apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      matchImages: ['*.dkr.ecr.*.amazonaws.com'],
      defaultCacheDurationMs: 12 * 3_600_000,
      args: ['get'],
      env: [{ name: 'REGION', value: 'eu' }],
    },
  ]);
});

const CASES: [name: string, text: string, first: RegExp][] = [
  [
    'has another kind',
    GOOD.replace('CredentialProviderConfig', 'Pod'),
    /^2:1: kind: must be CredentialProviderConfig$/,
  ],
  ['has another version', GOOD.replace('io/v1\n', 'io/v9\n'), /^1:1: apiVersion: must be one of/],
  [
    'has no providers',
    'apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\n',
    /providers: must be a list of at least one provider/,
  ],
  [
    'has a name that is a path',
    GOOD.replace('ecr\n', '../ecr\n'),
    /^4:5: providers\[0\]\.name: must be the name of a program/,
  ],
  ['has no images', GOOD.replace('["*.dkr.ecr.*.amazonaws.com"]', '[]'), /providers\[0\]\.matchImages/],
  ['has no duration', GOOD.replace('12h', 'long'), /providers\[0\]\.defaultCacheDuration: must be a duration/],
  [
    'has an unknown form',
    GOOD.replace('credentialprovider.kubelet.k8s.io/v1', 'x/v1'),
    /providers\[0\]\.apiVersion: must be one of credentialprovider/,
  ],
  ['has other arguments', GOOD.replace('[get]', 'get'), /providers\[0\]\.args/],
  ['has a variable without value', GOOD.replace(', value: eu', ''), /providers\[0\]\.env/],
  ['has one provider twice', GOOD + GOOD.split('\n').slice(3).join('\n'), /providers\[1\]\.name: is there twice: ecr/],
  [
    'wants service accounts',
    `${GOOD}    tokenAttributes: {serviceAccountTokenAudience: x, requireServiceAccount: true}\n`,
    /need an API server/,
  ],
  [
    'has entries of another kind',
    GOOD.split('\n').slice(0, 3).join('\n').concat('\n  - ecr\n'),
    /providers\[0\]: must be a map/,
  ],
];
for (const [name, text, first] of CASES) {
  test(`a file of credential providers that ${name} is refused, and the place is named`, () => {
    assert.match(problems(text)[0] ?? 'nothing wrong', first);
  });
}

test('service account tokens that are not required are done without', () => {
  assert.deepEqual(
    problems(`${GOOD}    tokenAttributes: {serviceAccountTokenAudience: x, requireServiceAccount: false}\n`),
    [],
  );
});
