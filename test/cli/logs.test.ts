import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { rower } from './rower.ts';

/** Nobody listens there. */
const AWAY = 'http://127.0.0.1:1';
const line = (text: string) => `2026-01-01T00:00:00.5Z stdout F ${text}\n`;

function logsDir(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'cli-logs-'));
  after(() => rmSync(dir, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), line(text));
  }
  return dir;
}

describe('rower logs, while the agent is down,', () => {
  const dir = logsDir({
    'default_web-n1_u1/main/0.log': 'old',
    'default_web-n1_u1/main/1.log': 'new',
    'default_two-n1_u2/a/0.log': 'a',
    'default_two-n1_u2/b/0.log': 'b',
    'default_edited-n1_u3/main/0.log': 'before',
    'default_edited-n1_u4/main/0.log': 'after',
    'x_web_u5/main/0.log': 'other namespace',
  });
  utimesSync(join(dir, 'default_edited-n1_u3'), 1, 1);
  const logs = (...args: string[]) => rower('logs', ...args, '--server', AWAY, '--pod-logs-dir', dir);

  const rows: [args: string, stdout: string][] = [
    ['web', 'new\n'],
    ['web-n1', 'new\n'],
    ['pod/web -p', 'old\n'],
    ['two -c b', 'b\n'],
    ['edited', 'after\n'],
    ['web -n x', 'other namespace\n'],
    ['web --timestamps', '2026-01-01T00:00:00.500000000Z new\n'],
    ['web --limit-bytes 2', 'ne'],
    ['web --tail=0', ''],
    ['web --tail -1', 'new\n'],
    ['web --since-time 2026-01-01T00:00:01Z', ''],
    ['web --stream=stderr', ''],
  ];
  for (const [args, stdout] of rows) {
    it(`shows for "${args}" what is in the directories`, async () => {
      const outcome = await logs(...args.split(' '));
      assert.deepEqual([outcome.status, outcome.stdout], [0, stdout]);
      assert.match(outcome.stderr, /^rower logs: the agent does not answer at http:\/\/127\.0\.0\.1:1; looking in /);
    });
  }

  for (const [args, complaint] of [
    ['nobody', /there is no log of a Pod nobody in namespace default/],
    ['two', /a container name must be specified for pod two, choose one of: \[a b\]/],
    ['two -c c', /container c is not valid for pod two: there are a, b/],
    ['two -c a -p', /there is no previous log in/],
  ] as const) {
    it(`says for "${args}" why there is none`, async () => {
      const { status, stderr } = await logs(...args.split(' '));
      assert.equal(status, 1);
      assert.match(stderr, complaint);
    });
  }
});

describe('rower logs', () => {
  for (const [args, complaint] of [
    ['', /say whose logs/],
    ['a b', /one Pod at a time: b/],
    ['a --tail x', /--tail x: must be a whole number of at least 0/],
    ['a --limit-bytes 0', /--limit-bytes 0: must be a whole number of at least 1/],
    ['a --since yesterday', /--since yesterday: must be a duration/],
    ['a --since-time noon', /--since-time noon: must be a time/],
    ['a --since 1s --since-time 2026-01-01T00:00:00Z', /together make no sense/],
    ['a --stream both', /--stream both: must be stdout or stderr/],
    ['a --server ftp://x', /--server ftp:\/\/x/],
  ] as const) {
    it(`refuses "${args}"`, async () => {
      const { status, stderr } = await rower('logs', ...args.split(' ').filter(Boolean));
      assert.equal(status, 2);
      assert.match(stderr, complaint);
    });
  }

  it('explains itself', async () => {
    const { status, stdout } = await rower('logs', '--help');
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: rower logs POD \[FLAGS\]$/m);
  });

  it('follows the file that the agent names until the container has ended', async () => {
    const dir = logsDir({ 'main/3.log': 'written' });
    const file = join(dir, 'main/3.log');
    let asked = 0;
    const server = createServer((request, response) => {
      assert.equal(request.url, '/rower/v1/explain');
      asked += 1;
      const state = asked < 3 ? 'running' : 'terminated';
      const pod = {
        namespace: 'default',
        name: 'web-n1',
        containers: [{ name: 'main', kind: 'container', state, log: { file } }],
      };
      response.end(JSON.stringify({ node: 'n1', pods: [pod] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { status, stdout } = await rower('logs', 'web', '-f', '-s', `127.0.0.1:${port}`);
    assert.deepEqual([status, stdout, asked], [0, 'written\n', 3]);
    await new Promise((resolve) => server.close(resolve));
  });
});
