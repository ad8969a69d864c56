/**
 * Runs every script in `scripts/` and compares what its commands print. After a change that is meant:
 *
 *     UPDATE_GOLDEN=1 node --test test/golden/scripts.test.ts
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Session } from './session.ts';

const FOLDER = new URL('scripts/', import.meta.url);

for (const name of readdirSync(FOLDER).sort()) {
  test(`golden script ${name}`, async () => {
    const file = new URL(name, FOLDER);
    const script = readFileSync(file, 'utf8');
    const played = await play(script);
    if (process.env.UPDATE_GOLDEN) writeFileSync(file, played);
    else assert.equal(played, script);
  });
}

/** The script with the output that its commands print now; comments and input stay as they are. */
async function play(script: string): Promise<string> {
  const session = new Session();
  const lines = script.split('\n');
  const played: string[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (line.startsWith('#') || line === '') played.push(line);
    if (!line.startsWith('$ ')) continue;
    played.push(line);
    let text = '';
    if (line.endsWith('<<EOF')) {
      const end = lines.indexOf('EOF', index);
      if (end < 0) throw new Error(`line ${index + 1}: its EOF is missing`);
      text = `${lines.slice(index + 1, end).join('\n')}\n`;
      played.push(...lines.slice(index + 1, end + 1));
      index = end;
    }
    played.push(...(await session.run(line.slice(2).replace(/<<EOF$/, ''), text)));
  }
  session.world.killAgent();
  return played.join('\n');
}
