/** The scrape configuration and the dashboard of the documentation, against what the endpoint serves. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promtool } from '../../hack/kubectl.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { createProbeMetrics } from '../../src/http/probe-metrics.ts';
import { call, serve, testEnv } from '../http/endpoint.ts';
import { published } from '../http/fixture.ts';
import { sampleUsage } from '../http/usage.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';

const FOLDER = new URL('../../docs/monitoring/', import.meta.url).pathname;

interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[];
}

const expressions = (JSON.parse(readFileSync(`${FOLDER}grafana-dashboard.json`, 'utf8')) as Dashboard).panels.flatMap(
  ({ targets }) => targets.map(({ expr }) => expr),
);

test('promtool takes the scrape configuration, and the expressions of the dashboard as rules', async (t) => {
  const program = await promtool().catch((error: Error) => {
    t.skip(error.message);
    return undefined;
  });
  if (program === undefined) return;
  const config = spawnSync(program, ['check', 'config', `${FOLDER}prometheus.yml`], { encoding: 'utf8' });
  assert.equal(config.status, 0, config.stdout + config.stderr);
  const rules = expressions.map((expr, index) => ({ record: `panel:${index}`, expr }));
  const groups = JSON.stringify({ groups: [{ name: 'dashboard', rules }] });
  const file = join(await temporaryDirectory(t), 'rules.yml');
  writeFileSync(file, groups);
  const checked = spawnSync(program, ['check', 'rules', file], { encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
});

test('every metric of the dashboard is one that is served', async () => {
  const metrics = createMetrics(testEnv());
  const endpoint = await serve(published(), { stats: { read: async () => sampleUsage() } });
  try {
    const paths = ['/metrics/cadvisor', '/metrics/state', '/metrics/resource'];
    const served = await Promise.all(paths.map(async (path) => (await call(endpoint, path)).text));
    const texts = [...served, await metrics.text(published()), await createProbeMetrics().text()];
    const names = new Set(texts.flatMap((text) => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)));
    // Counted by the kernel only for a container that has a cgroup, which none has here.
    const ofCgroups = /^container_cpu_cfs_/;
    const wanted = expressions.flatMap((expr) => expr.match(/\b(?:container|kube|kubelet|prober|rower)_\w+/g) ?? []);
    assert.ok(wanted.length > 10);
    for (const name of wanted) {
      if (!ofCgroups.test(name)) assert.ok(names.has(name.replace(/_bucket$/, '')), name);
    }
  } finally {
    await endpoint.close();
  }
});
