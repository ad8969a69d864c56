/** Every parser that reads what others wrote. To add one: a row. */

import type { Target } from './target.ts';
import { configFile, credentialAnswers, dockerConfig, envFile, resolvConf } from './targets-files.ts';
import { dbus, http, protobuf, selectors } from './targets-http.ts';
import { archiveNames } from './targets-images.ts';
import { logs } from './targets-logs.ts';
import { labels, manifests } from './targets-manifests.ts';
import { disks, signatures, userData } from './targets-metadata.ts';
import { patches } from './targets-patches.ts';

export const TARGETS: readonly Target[] = [
  manifests,
  labels,
  userData,
  signatures,
  patches,
  disks,
  logs,
  http,
  selectors,
  protobuf,
  dbus,
  archiveNames,
  dockerConfig,
  credentialAnswers,
  configFile,
  envFile,
  resolvConf,
];
