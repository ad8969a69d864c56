import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { runCommand } from '../../src/cli/run.ts';
import { RUN_FLAGS, RUN_HELP } from '../../src/cli/run-flags.ts';
import type { Config } from '../../src/config/types.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'rower-cli-'));
after(() => rmSync(directory, { recursive: true }));

/** Runs `rower run` with an agent that only notes its settings. */
async function run(
  ...argv: string[]
): Promise<{ status: number; config: Config | undefined; stdout: string; stderr: string }> {
  const outcome = { config: undefined as Config | undefined, stdout: '', stderr: '' };
  const io = {
    stdout: (text: string) => {
      outcome.stdout += text;
    },
    stderr: (text: string) => {
      outcome.stderr += text;
    },
    env: {},
  };
  const status = await runCommand(argv, io, async () => async (config) => {
    outcome.config = config;
    return 7;
  });
  return { status, ...outcome };
}

test('run gives the agent the settings of flags and file, and ends with its status', async () => {
  const file = path.join(directory, 'config.yaml');
  writeFileSync(
    file,
    'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: 5\nstaticPodPath: pods\nruntimeRequestTimeout: 1s\n',
  );
  const { status, config, stdout, stderr } = await run(
    '--config',
    file,
    '--hostname-override=A',
    '--read-only-port',
    '0',
    '-v2',
  );
  assert.equal(status, 7);
  assert.equal(config?.maxPods, 5);
  assert.equal(config?.podManifestPath, path.join(directory, 'pods'));
  assert.equal(config?.nodeName, 'a');
  assert.equal(config?.readOnlyPort, 0);
  assert.equal(config?.verbosity, 2);
  assert.equal(stdout, '');
  assert.equal(stderr, `rower run: warning: ${file}: these fields have no effect here: runtimeRequestTimeout\n`);
});

test('run --help does not start the agent, and shows every flag with its default', async () => {
  const { status, config, stdout } = await run('--help');
  assert.equal(status, 0);
  assert.equal(config, undefined);
  assert.equal(stdout, RUN_HELP);
  for (const { name } of RUN_FLAGS) assert.match(RUN_HELP, new RegExp(`^  .*-${name}\\b`, 'm'));
  assert.match(RUN_HELP, /--read-only-port N\n(?: {6}.*\n)*.*\(default\s+10255\)/);
  assert.match(RUN_HELP, /--pod-manifest-path PATH\n[^-]*\(default\s+\/etc\/pods\)/);
});

test('the help fits a terminal of 100 columns, but for single words', () => {
  for (const line of RUN_HELP.split('\n')) assert.ok(line.length <= 100 || !line.trim().includes(' '), line);
});

test('the flags are the kubelet’s, as promised, and those for what it does not have', () => {
  assert.deepEqual(RUN_FLAGS.map((flag) => flag.name).sort(), [
    'address',
    'allow-host-ipc',
    'allow-host-network',
    'allow-host-pid',
    'allow-privileged',
    'allow-unconfined',
    'allowed-capabilities',
    'allowed-host-paths',
    'allowed-unsafe-sysctls',
    'client-ca-file',
    'config',
    'container-log-links-dir',
    'container-runtime-endpoint',
    'healthz-bind-address',
    'healthz-port',
    'help',
    'hostname-override',
    'image-credential-provider-bin-dir',
    'image-credential-provider-config',
    'image-policy',
    'insecure-read-only',
    'manifest-url',
    'manifest-url-header',
    'metadata',
    'metadata-guard',
    'metadata-guard-host-network',
    'metadata-trust',
    'node-ip',
    'pod-logs-dir',
    'pod-manifest-path',
    'port',
    'read-only-address',
    'read-only-port',
    'require-image-digest',
    'root-dir',
    'runtime-class',
    'tls-cert-file',
    'tls-private-key-file',
    'v',
    'write-kubeconfig',
  ]);
});

test('a configuration that is no regular file is refused, not waited for', async () => {
  await assert.rejects(run('--config', directory), {
    message: `--config: cannot read ${directory}: it is not a regular file`,
  });
  await assert.rejects(run('--config', '/dev/zero'), /it is not a regular file/);
});
