import { PROVIDERS } from '../src/metadata/providers.ts';

/** The text of docs/metadata.md. */
export function metadataDoc(): string {
  const rows = PROVIDERS.map(({ name, title, pollMs, waitForChange }) => {
    const follows = waitForChange
      ? 'at once'
      : pollMs === undefined
        ? 'when the agent starts'
        : `every ${pollMs / 1000} s`;
    return `| \`${name}\` | ${title} | ${follows} |`;
  });
  return `<!-- Made by \`npm run docs\` from hack/docs-metadata.ts and src/metadata/providers.ts. -->
# Pods from the cloud

A machine can be given its Pods with its user-data: no script, no image of its own, nothing to log in to.

\`\`\`sh
aws ec2 run-instances --user-data file://pod.yaml …   # or the like of any cloud below
rower run --metadata auto                             # on the machine
\`\`\`

\`--metadata\` is \`none\` (the default), \`auto\` (the first provider of the table that fits the machine), or \`NAME[=ARGUMENT]\`, several with commas between. A machine is never asked what it is over the network: firmware strings, labels of media, the kernel command line and files tell. \`rower metadata explain\` shows what was looked at, asked, taken and refused, and why; \`rower metadata fetch\` prints the manifests. Neither runs anything. \`--host-root DIR\` looks at another root, for images.

## Providers

In the order in which they are tried.

| name | what | changes are followed |
|---|---|---|
${rows.join('\n')}

Media (ISO 9660 with Rock Ridge, Joliet or plain names; FAT12, FAT16, FAT32) are read without mounting them. \`file=/path\` takes a file of any of the forms below or a directory of manifests, \`url=https://…\` what is there, and \`rower.manifest.url=… rower.manifest.sha256=…\` on the kernel command line the same.

## What may be given

- Pods, ConfigMaps, Secrets and everything else that [the manifest directory](kubernetes-support.md) may have: one or several documents, or lists.
- The same in gzip or base64, to get through size limits: EC2 takes 16 KB.
- MIME messages, as \`cloud-init devel make-mime\` and Terraform's \`cloudinit_config\` make them. Each part is a file of its own; \`Launch-Index\` is heeded.
- \`#cloud-config\`: the \`write_files\` that go into the manifest directory. Keys for the OS are named in a warning and left to cloud-init. What would run or install something (\`runcmd\`, \`packages\`) is refused.
- \`#include\` with one URL a line, https or pinned: \`https://host/pod.yaml sha256=…\`.
- A \`gce-container-declaration\`: see [from konlet](from-konlet.md).

\`\${metadata.KEY}\` in a value stands for what the cloud says of the machine (\`instance_id\`, \`instance_type\`, \`region\`, \`zone\`, \`hostname\`, \`private_ipv4\`, \`public_ipv4\`, \`tags.NAME\`; \`rower metadata explain\` shows them), \`\${metadata.KEY:-DEFAULT}\` with a default; \`$\${metadata.KEY}\` is left as it is but for one dollar sign. It is replaced after parsing, in values only, and never inside a Secret's data.

Everything is checked before anything is written, by the rules of \`rower validate\`. With one mistake nothing is used, and what runs stays. Scripts, Ignition configs, Compose files and the like are refused with a message that says what to do instead; nothing is ever executed.

## Whose manifests are taken

\`--metadata-trust require\` takes signed manifests only, \`warn\` takes the others with a warning; user-data cannot change that. The keys are in \`/etc/rower/trust/allowed_signers\`, in the form of ssh-keygen(1), with \`namespaces="rower.manifest"\`.

\`\`\`sh
rower sign --key ~/.ssh/id_ed25519 pod.yaml > signed.yaml
rower verify --allowed-signers allowed_signers signed.yaml
\`\`\`

The signature stands at the end of a manifest in comments, or in a part \`NAME.sig\` of type \`application/x-ssh-signature\` beside the part \`NAME\` of a message. It is checked before the manifest is parsed, over exactly these bytes. Each manifest needs its own, those in \`write_files\` and behind \`#include\` too. Where signatures are required, user-data that wants no Pods stops none. Ed25519, RSA and ECDSA (P-256) keys are understood; certificates are not. An older manifest that was signed is good for ever: limit the time of a key with \`valid-before\`.

## Who may read metadata

User-data is open to every program that can reach the service, and often holds secrets. When the Pods came over the network, an nftables rule (table \`inet rower-metadata\`) keeps Pods with a network of their own away from the metadata addresses, DNS excepted. A Pod annotated \`rower.dev/metadata-access: allow\` may ask. \`--metadata-guard=false\` leaves the rule out. Pods on the host's network are not kept away. The rule stays when the agent stops, as the Pods do: \`nft delete table inet rower-metadata\` removes it.

## Over time

The manifests are files in the manifest directory whose names begin with \`rower-metadata-\`. Files with that mark are the agent's alone and are overwritten; others are never touched. Copies are kept in \`ROOT/metadata\`, readable by root only.

| | what happens |
|---|---|
| a start without network | what ran before runs |
| a disk copied to another machine (other firmware uuid or serial) | the files of the original go before anything is read |
| another instance id | the files of the old instance go |
| there is no user-data any more (404), or it is empty | what runs stays, with a warning |
| the user-data says that no Pods are wanted (\`{}\`, comments only) | its Pods are stopped |
| an error, a refusal, a service that does not answer | what runs stays; a log line, an event of the Node |

Retries begin at 200 ms and double to 5 s; after five minutes they are 30 s to 5 min apart, for ever.

With cloud-init on the machine its result is used, and its \`write_files\` are left to it.
`;
}
