/**
 * What a text is by its beginning, and what is said to the kinds that Rower does not take.
 *
 * To add a kind that is refused: a row in REFUSED, before the rows it is a special case of.
 */

export type TextKind = 'empty' | 'cloud-config' | 'archive' | 'include' | 'manifest';

export type Sniffed = { kind: TextKind } | { refused: string };

const NOTHING_RAN = 'Nothing was executed.';
const INSTEAD =
  'Rower is declarative: it runs only Pods. Put the script into a container image (or an initContainer/ConfigMap) and give a Pod manifest.';

interface RefusedKind {
  /** Compared with the text after white space, or with its content type. */
  pattern: RegExp;
  types?: RegExp;
  message: (firstLine: string) => string;
  /** cloud-init runs it: on a machine with cloud-init it is not meant for Rower. */
  cloudInit?: true;
}

const REFUSED: readonly RefusedKind[] = [
  {
    pattern: /^#!/,
    cloudInit: true,
    types: /^text\/x-shellscript/,
    message: (line) => `is a script (first line ${JSON.stringify(line)}). ${INSTEAD} ${NOTHING_RAN}`,
  },
  {
    pattern: /^#cloud-boothook\b/,
    cloudInit: true,
    types: /^text\/cloud-boothook$/,
    message: () => `is a cloud-boothook, a script. ${INSTEAD} ${NOTHING_RAN}`,
  },
  {
    pattern: /^#part-handler\b/,
    cloudInit: true,
    types: /^text\/part-handler$/,
    message: () => `is a part-handler, a script. ${INSTEAD} ${NOTHING_RAN}`,
  },
  {
    pattern: /^#upstart-job\b/,
    cloudInit: true,
    types: /^text\/upstart-job$/,
    message: () => `is an upstart job. ${INSTEAD} ${NOTHING_RAN}`,
  },
  {
    pattern: /^##\s*template:\s*jinja\b/i,
    cloudInit: true,
    types: /^text\/jinja2$/,
    message: () =>
      `is a jinja template. Rower has no templates: write \${metadata.KEY} where a value of the machine is to stand. ${NOTHING_RAN}`,
  },
  {
    pattern: /^\{\s*"ignition"\s*:/,
    message: () =>
      'is an Ignition config; Rower takes Pod manifests. Keep Ignition for the OS and ship the Pod through storage.files at /etc/pods/NAME.yaml.',
  },
  {
    pattern: /^\[settings\b/,
    message: () =>
      'is Bottlerocket settings; Rower takes Pod manifests. settings.kubernetes.static-pods.NAME.manifest is base64 of one: decode it and give that.',
  },
  {
    pattern: /^(?:#compose\b|services\s*:|version\s*:\s*["']?[23](?:\.\d+)?["']?\s*$)/m,
    message: () => 'is a Compose file; convert it to Kubernetes YAML and give that.',
  },
  {
    pattern: /^(?:<powershell>|<script>|rem cmd\b|#ps1)/i,
    message: () => `is Windows user-data. ${INSTEAD} ${NOTHING_RAN}`,
  },
  {
    pattern: /^<(?:!doctype|html)\b/i,
    message: () => 'is an HTML page: probably a captive portal, a proxy or the body of a 404 answered.',
  },
  {
    // Its content alone does not tell.
    pattern: /(?!)/,
    types: /^application\/(?:json-patch\+(?:json|yaml)|(?:strategic-)?merge-patch\+(?:json|yaml))$/,
    message: () =>
      'is a patch. Patches stand in the spec.patches of an Appliance, with the name of what they change: apiVersion rower.dev/v1alpha1, kind Appliance.',
  },
  {
    pattern: /^-----BEGIN AGE ENCRYPTED FILE-----(?![\s\S]*-----END AGE ENCRYPTED FILE-----)/,
    message: () => 'is encrypted with age, and its end is missing: it was cut off on the way.',
  },
];

export function sniff(text: string): Sniffed {
  const start = text.trimStart();
  const firstLine = (start.split(/\r?\n/, 1)[0] ?? '').slice(0, 80);
  // A Compose file is told by its first key only: a manifest may have `services:` somewhere inside.
  const head = /^(?:version|services|#compose)/.test(start) ? start.slice(0, 200) : start;
  // Kinds whose mark is no comment may have comments before it.
  const body = start.replace(/^(?:\s*(?:#[^\n]*\n|---[ \t]*\r?\n))*\s*/, '').slice(0, 200);
  for (const { pattern, message } of REFUSED) {
    const match = [head, body].some((text) => pattern.exec(text)?.index === 0);
    if (match) return { refused: message(firstLine) };
  }
  if (/^#cloud-config(?:\s|$)/.test(start)) return { kind: 'cloud-config' };
  if (/^#cloud-config-archive(?:\s|$)/.test(start)) return { kind: 'archive' };
  if (/^#include(?:-once)?(?:\s|$)/.test(start)) return { kind: 'include' };
  const meaningful = start.replace(/^(?:#.*|---|\.\.\.|\{\s*\})?[ \t]*(?:\r?\n|$)/gm, '').trim();
  return { kind: meaningful === '' ? 'empty' : 'manifest' };
}

/** Why a part of this content type is refused whatever it holds; undefined when the type alone does not say. */
export function refusedType(type: string, text: string): string | undefined {
  const firstLine = (text.trimStart().split(/\r?\n/, 1)[0] ?? '').slice(0, 80);
  return REFUSED.find(({ types }) => types?.test(type))?.message(firstLine);
}

/** Is it one of the kinds that cloud-init runs, by its content type or its first line? */
export function isForCloudInit(type: string, text: string): boolean {
  const start = text.trimStart();
  return REFUSED.some(
    ({ cloudInit, types, pattern }) => cloudInit && (types?.test(type) || pattern.exec(start)?.index === 0),
  );
}
