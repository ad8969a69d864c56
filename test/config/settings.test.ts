import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { OTHER_FIELDS } from '../../src/config/other-fields.ts';
import { SETTING_ROWS } from '../../src/config/settings.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

test('no two settings have the same field or flag, and no field is said to be without effect too', () => {
  const fields = SETTING_ROWS.flatMap(([, setting]) => setting.field ?? []);
  const flags = SETTING_ROWS.flatMap(([, setting]) => setting.flag ?? []);
  assert.equal(new Set(fields).size, fields.length);
  assert.equal(new Set(flags).size, flags.length);
  assert.deepEqual(
    fields.filter((field) => Object.hasOwn(OTHER_FIELDS, field)),
    [],
  );
});

test('every setting can be written somewhere', () => {
  assert.deepEqual(
    SETTING_ROWS.filter(([, setting]) => setting.field === undefined && setting.flag === undefined),
    [],
  );
});

test('every default is a value that its own kind would read', () => {
  for (const [key, setting] of SETTING_ROWS) {
    // The default of this one is found at start, and that of this other one is a list to try.
    if (key === 'nodeName' || key === 'containerRuntimeEndpoints') continue;
    const shown = setting.kind.show(setting.default);
    const text = shown.startsWith('(') ? undefined : shown;
    if (text === undefined) continue;
    assert.deepEqual(setting.kind.readFlag([text], '/'), setting.default, key);
  }
});

test('a setting is marked as pending exactly as long as nothing outside of src/config reads it', () => {
  const code = globSync('src/**/*.ts', { cwd: ROOT })
    .filter((file) => !file.startsWith('src/config/'))
    .map((file) => readFileSync(`${ROOT}/${file}`, 'utf8'))
    .join('\n');
  for (const [key, setting] of SETTING_ROWS) {
    const isRead = new RegExp(String.raw`\bconfig\.${key}\b`).test(code);
    assert.equal(isRead, setting.pending !== true, `${key} ${isRead ? 'is read' : 'is not read'}`);
  }
});

test('a setting that can change while the agent runs is read where it is live, and copied nowhere', () => {
  const live = ['src/live-settings.ts', 'src/reload.ts'];
  // A reload makes these facts of the Node anew, and tells the log its level.
  const alsoRead = (key: string) =>
    key.startsWith('allow') || key === 'requireImageDigest' || key === 'maxPods'
      ? 'src/kubelet/node-facts.ts'
      : key === 'verbosity'
        ? 'src/main.ts'
        : '';
  for (const file of globSync('src/**/*.ts', { cwd: ROOT })) {
    if (file.startsWith('src/config/') || live.includes(file)) continue;
    const code = readFileSync(`${ROOT}/${file}`, 'utf8');
    for (const [key, setting] of SETTING_ROWS) {
      if (!setting.live || file === alsoRead(key)) continue;
      assert.doesNotMatch(code, new RegExp(String.raw`\bconfig\.${key}\b`), `${file} keeps ${key}`);
    }
  }
});
