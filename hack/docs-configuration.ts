import { API_VERSION, KIND, SERIALIZE_IMAGE_PULLS } from '../src/config/file.ts';
import { flagText } from '../src/config/load.ts';
import { OTHER_FIELDS } from '../src/config/other-fields.ts';
import { SETTING_ROWS } from '../src/config/settings.ts';

/** The text of docs/configuration.md. */
export function configurationDoc(): string {
  const rows = SETTING_ROWS.map(([, setting]) => [
    setting.field === undefined ? '' : `\`${setting.field}\``,
    setting.flag === undefined ? '' : `\`${flagText(setting.flag)}\``,
    setting.kind.name,
    shownDefault(setting.kind.show(setting.default)),
    setting.live ? 'yes' : '',
    setting.pending ? `${setting.help} **Not yet:** accepted and checked, but without effect.` : setting.help,
  ]);
  return `<!-- Made by \`npm run docs\` from src/config/settings.ts. -->
# Configuration

Settings come from three places, later ones winning: the defaults below, a \`${KIND}\` file named with \`--config\`, and the flags of \`rower run\`. Both have the kubelet's own names, so that a kubelet's file can be used as it is.

\`\`\`yaml
apiVersion: ${API_VERSION}
kind: ${KIND}
staticPodPath: /etc/pods
fileCheckFrequency: 20s
\`\`\`

The file is YAML or JSON, one document. Durations are Go's (\`20s\`, \`1m30s\`), sizes and amounts are Kubernetes quantities. Relative paths start at the file's directory, those of flags at the working directory. All mistakes are reported at once, each with file, line, column and field; the agent then does not start and exits with status 2.

| field | flag | kind | default | SIGHUP | |
|---|---|---|---|---|---|
${rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')}

## Changing settings of an agent that runs

At SIGHUP (\`systemctl reload rower\`) the agent reads the file again. The settings marked in the column SIGHUP change at once; what else differs is named in one warning and takes effect at the next start, which no container notices. A file with a mistake changes nothing: the log names each mistake with its place, and \`kubectl describe node\` shows it too. Flags stay as they were given and win over the file.

What runs is not stopped by a stricter setting, but nothing of such a Pod is started any more ([why](decisions/0035-what-the-owner-forbids.md)).

## Values

An explicit \`null\` means the default; so does an empty or zero value of the fields for which the kubelet takes it so (\`maxPods: 0\`, \`fileCheckFrequency: 0s\`). \`${SERIALIZE_IMAGE_PULLS}: true\` sets \`maxParallelImagePulls\` to 1; \`false\` leaves its default.

## Fields without effect

Every other field of Kubernetes' ${KIND} is checked for its type and, like those marked **not yet**, named in one warning at start:

${wrapList(Object.keys(OTHER_FIELDS).sort())}

A field that no Kubernetes version knows is an error.
`;
}

function shownDefault(text: string): string {
  return text.startsWith('(')
    ? text.slice(1, -1)
    : text
        .split(', then ')
        .map((part) => `\`${part}\``)
        .join(', then ');
}

function wrapList(names: readonly string[]): string {
  return `${names.map((name) => `\`${name}\``).join(', ')}.`;
}
