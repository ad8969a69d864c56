/** The flags of `rower run`, from the table of settings. To add one: name it in its row in config/settings.ts. */
import { POLICY_SETTINGS } from '../config/policy-settings.ts';
import type { Setting } from '../config/setting.ts';
import { SETTING_ROWS } from '../config/settings.ts';
import { type FlagSpec, HELP_FLAG } from './args.ts';
import { commandHelp } from './help.ts';

export const CONFIG_FLAG: FlagSpec = {
  name: 'config',
  valueName: 'FILE',
  help: 'KubeletConfiguration (kubelet.config.k8s.io/v1beta1) in YAML or JSON. Flags win over it.',
};

export const RUN_FLAGS: readonly FlagSpec[] = [
  CONFIG_FLAG,
  ...SETTING_ROWS.flatMap(([, setting]) => (setting.flag === undefined ? [] : [flagOf(setting.flag, setting)])),
  HELP_FLAG,
];

/** Those of the settings that decide which Pods are refused. */
export const POLICY_FLAGS: readonly FlagSpec[] = Object.values<Setting<unknown>>(POLICY_SETTINGS).flatMap((setting) =>
  setting.flag === undefined ? [] : [flagOf(setting.flag, setting)],
);

export const RUN_HELP = commandHelp(
  'rower run [FLAGS]',
  'Runs the Pods of the manifest directory and of the manifest URL until SIGTERM or SIGINT; their containers stay. ' +
    'SIGHUP reads the configuration file again. ' +
    "The flags have the kubelet's own names.",
  RUN_FLAGS,
);

function flagOf(name: string, setting: Setting<unknown>): FlagSpec {
  const shownDefault = setting.kind.show(setting.default);
  return {
    name,
    valueName: setting.kind.valueName,
    help: plain(setting.help),
    ...(shownDefault.startsWith('(') ? {} : { defaultText: shownDefault }),
  };
}

/** The help without the marks that only the documentation shows. */
function plain(help: string): string {
  return help.replaceAll('`', '');
}
