/** What a configuration that was read again changes in an agent that runs. */
import { flagText } from './load.ts';
import { SETTING_ROWS, SETTINGS } from './settings.ts';
import type { Config } from './types.ts';

export interface ConfigChange {
  /** The values that take effect now. */
  readonly now: Partial<Config>;
  /** Of these, as the documentation shows values: by name. */
  readonly shown: Readonly<Record<string, { before: string; now: string }>>;
  /** Names of settings that differ too, and take effect at the next start. */
  readonly later: readonly string[];
}

/** `running` is what the agent runs with: what waits for a start is named again each time. Pure. */
export function configChange(running: Config, read: Config): ConfigChange {
  const now: Partial<Config> = {};
  const shown: Record<string, { before: string; now: string }> = {};
  const later: string[] = [];
  for (const [key, { kind, live }] of SETTING_ROWS) {
    if (JSON.stringify(running[key]) === JSON.stringify(read[key])) continue;
    if (!live) {
      later.push(settingName(key));
      continue;
    }
    Object.assign(now, { [key]: read[key] });
    shown[settingName(key)] = { before: kind.show(running[key]), now: kind.show(read[key]) };
  }
  return { now, shown, later };
}

/** `maxPods`, or the flag of what has no field. */
function settingName(key: keyof Config): string {
  const { field, flag } = SETTINGS[key];
  return field ?? flagText(flag ?? key);
}
