/** The settings of the listeners: rows of the table in settings.ts. To add one: see there, and its key in Keys. */
import { boolean, filePath, integer, ipAddress } from './kinds.ts';
import type { Setting } from './setting.ts';
import type { Config } from './types.ts';

type Keys =
  | 'readOnlyPort'
  | 'readOnlyAddress'
  | 'insecureReadOnly'
  | 'port'
  | 'address'
  | 'tlsCertFile'
  | 'tlsPrivateKeyFile'
  | 'clientCAFile'
  | 'writeKubeconfig'
  | 'healthzPort'
  | 'healthzBindAddress';

export const ENDPOINT_SETTINGS: { readonly [K in Keys]: Setting<Config[K]> } = {
  readOnlyPort: {
    field: 'readOnlyPort',
    flag: 'read-only-port',
    kind: integer({ min: 0, max: 65535 }),
    default: 10255,
    help: "Port of the read-only endpoint, without login and without secrets; 0 is off. The kubelet's default is 0.",
  },
  readOnlyAddress: {
    flag: 'read-only-address',
    kind: ipAddress(),
    default: '127.0.0.1',
    help: 'IP address the read-only endpoint listens on.',
  },
  insecureReadOnly: {
    flag: 'insecure-read-only',
    kind: boolean(),
    default: false,
    help: 'The read-only endpoint may be on an address that others can reach.',
  },
  port: {
    field: 'port',
    flag: 'port',
    kind: integer({ min: 0, max: 65535 }),
    default: 10250,
    help: 'Port of the full endpoint, with TLS and login, logs and secrets; 0 is off.',
  },
  address: {
    field: 'address',
    flag: 'address',
    kind: ipAddress(),
    default: '127.0.0.1',
    zeroIsUnset: true,
    help: "IP address the full endpoint listens on. The kubelet's default is 0.0.0.0.",
  },
  tlsCertFile: {
    field: 'tlsCertFile',
    flag: 'tls-cert-file',
    kind: filePath({ allowEmpty: true }),
    default: '',
    help: 'Certificate chain of the full endpoint, PEM. Empty: one that signs itself is made in the root directory.',
  },
  tlsPrivateKeyFile: {
    field: 'tlsPrivateKeyFile',
    flag: 'tls-private-key-file',
    kind: filePath({ allowEmpty: true }),
    default: '',
    help: 'Private key to that certificate, PEM. Empty: it is in the same file.',
  },
  clientCAFile: {
    field: 'authentication.x509.clientCAFile',
    flag: 'client-ca-file',
    kind: filePath({ allowEmpty: true }),
    default: '',
    help: 'Clients with a certificate that one of these authorities signed may use the full endpoint. Empty: only those with the token.',
  },
  writeKubeconfig: {
    flag: 'write-kubeconfig',
    kind: filePath({ allowEmpty: true }),
    default: '/etc/rower/kubeconfig',
    help: 'File for root alone with which kubectl uses the full endpoint, written at start. Empty: none.',
  },
  healthzPort: {
    field: 'healthzPort',
    flag: 'healthz-port',
    kind: integer({ min: 0, max: 65535 }),
    default: 10248,
    help: 'Port that answers `/healthz` and nothing else; 0 is off.',
  },
  healthzBindAddress: {
    field: 'healthzBindAddress',
    flag: 'healthz-bind-address',
    kind: ipAddress(),
    default: '127.0.0.1',
    zeroIsUnset: true,
    help: 'IP address of that port.',
  },
};
