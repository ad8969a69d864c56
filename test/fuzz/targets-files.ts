/** Files and answers of this machine's owner and its programs: trusted, but people and programs make mistakes. */

import { parseDuration } from '../../src/config/duration.ts';
import { ConfigError } from '../../src/config/errors.ts';
import { readConfigFile } from '../../src/config/file.ts';
import { EnvFileError, envFileValue } from '../../src/kubelet/container/env-file.ts';
import { readProviderAnswer } from '../../src/kubelet/images/provider.ts';
import { parseDockerConfig } from '../../src/kubelet/images/registry-auth.ts';
import { parseResolvConf } from '../../src/kubelet/sandbox/resolv-conf.ts';
import { parseMountinfo } from '../../src/kubelet/volumes/mountinfo.ts';
import { type Target, texts, throwsOnly, words } from './target.ts';

const JSON_WORDS = ['{', '}', '[', ']', 'null', 'true', '0', '""', '":', ',', '"__proto__":', '"a":'];

export const configFile: Target = {
  name: 'config-file',
  corpus: () =>
    texts(
      'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: 5\nclusterDNS: [10.0.0.10]\nsystemReserved: {cpu: 100m}\nlogging: {verbosity: 1}\nadmission: {allowedHostPaths: [/srv]}\nruntimeClasses: {kata: {handler: kata}}\n',
    ),
  words: words(...JSON_WORDS, '\n', ': ', '- ', '&a ', '*a', '1h', '1Gi', '-1', 'featureGates: '),
  run: (bytes) => throwsOnly(() => readConfigFile('/c.yaml', bytes), ConfigError),
};

export const dockerConfig: Target = {
  name: 'docker-config',
  corpus: () =>
    texts('{"auths":{"a.example":{"auth":"dTpw"},"https://b.example/v1/":{"username":"u","password":"p"}}}'),
  words: words(...JSON_WORDS, '"auth":', '====', ':'),
  run(bytes) {
    for (const form of ['config.json', 'dockercfg'] as const)
      throwsOnly(() => parseDockerConfig(bytes.toString(), form), Error);
  },
};

const API_VERSION = 'credentialprovider.kubelet.k8s.io/v1';

export const credentialAnswers: Target = {
  name: 'credential-answers',
  corpus: () =>
    texts(
      `{"kind":"CredentialProviderResponse","apiVersion":"${API_VERSION}","cacheKeyType":"Registry","cacheDuration":"1h","auth":{"a.example":{"username":"u","password":"p"}}}`,
    ),
  words: words(...JSON_WORDS, '"auth":', '"cacheDuration":'),
  run: (bytes) =>
    throwsOnly(() => readProviderAnswer({ apiVersion: API_VERSION } as never, bytes.toString(), parseDuration), Error),
};

export const envFile: Target = {
  name: 'env-file',
  corpus: () => texts("A='1'\n# x\nB='two\nlines'\nC=\n"),
  words: words('=', "'", '\n', '\\', '#', ' ', '\r\n', 'A'),
  run: (bytes) => throwsOnly(() => envFileValue(bytes.toString(), 'A'), EnvFileError),
};

export const resolvConf: Target = {
  name: 'resolv-conf',
  corpus: () =>
    texts(
      'nameserver 10.0.0.1\nsearch a b.c\noptions ndots:5\n',
      '24 1 8:1 / / rw,relatime - ext4 /dev/vda rw\n25 24 0:5 / /a\\040b rw shared:3 - tmpfs t rw\n',
    ),
  words: words('nameserver', 'search', 'options', '\t', ';', '#', ' - ', '\\040', '\\'),
  run(bytes) {
    throwsOnly(() => parseResolvConf(bytes.toString()), Error);
    parseMountinfo(bytes.toString());
  },
};
