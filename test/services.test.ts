import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logLinksDirectory } from '../src/services.ts';

test('links to logs are made in the usual place only for logs in the usual place, elsewhere when that is said, or not', () => {
  const directory = (containerLogLinksDir: string, podLogsDir: string) =>
    logLinksDirectory({ containerLogLinksDir, podLogsDir });
  assert.equal(directory('/var/log/containers', '/var/log/pods'), '/var/log/containers');
  assert.equal(directory('/var/log/containers', '/data/logs'), '');
  assert.equal(directory('/data/links', '/data/logs'), '/data/links');
  assert.equal(directory('', '/var/log/pods'), '');
});
