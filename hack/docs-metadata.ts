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
rower run                                             # on the machine
\`\`\`

\`--metadata\` is \`auto\` (the first provider of the table that fits the machine; the default), \`none\`, or \`NAME[=ARGUMENT]\`, several with commas between. A machine is never asked what it is over the network: firmware strings, labels of media, the kernel command line and files tell, and where none of them does, nothing more happens than one line in the log. On hardware that takes a few milliseconds, and no disk is read where udev knows the labels; a virtual machine of QEMU, KVM, Xen, Hyper-V or the like is looked at for ten seconds, as its disc may come a moment late. Where a disc with the right label can be put in by somebody who may not decide what runs, say \`none\` or name the provider. \`rower metadata explain\` shows what was looked at, asked, taken and refused, and why; \`rower metadata fetch\` prints the manifests. Neither runs anything. \`--host-root DIR\` looks at another root, for images.

## Providers

In the order in which they are tried.

| name | what | changes are followed |
|---|---|---|
${rows.join('\n')}

Media (ISO 9660 with Rock Ridge, Joliet or plain names; UDF up to 2.01; FAT12, FAT16, FAT32) are read without mounting them. \`file=/path\` takes a file of any of the forms below or a directory of manifests, \`url=https://…\` what is there, and \`rower.manifest.url=… rower.manifest.sha256=…\` on the kernel command line the same.

## What may be given

- Pods, ConfigMaps, Secrets and everything else that [the manifest directory](kubernetes-support.md) may have: one or several documents, or lists.
- The same in gzip or base64, to get through size limits: EC2 takes 16 KB.
- MIME messages, as \`cloud-init devel make-mime\` and Terraform's \`cloudinit_config\` make them. Each part is a file of its own; \`Launch-Index\` is heeded, and \`launch-index\` in a \`#cloud-config\`.
- \`#cloud-config\`: the \`write_files\` that go into the manifest directory. Keys for the OS are named in a warning and left to cloud-init. What would run or install something (\`runcmd\`, \`packages\`) is refused.
- \`#include\` with one URL a line, https or pinned: \`https://host/pod.yaml sha256=…\`.
- A \`gce-container-declaration\`: see [from konlet](from-konlet.md).
- Any of these encrypted, and manifests that the machine's image brings with changes to them: see below.

\`\${metadata.KEY}\` in a value stands for what the cloud says of the machine (\`instance_id\`, \`instance_type\`, \`region\`, \`zone\`, \`hostname\`, \`private_ipv4\`, \`public_ipv4\`, \`tags.NAME\`; \`rower metadata explain\` shows them), \`\${metadata.KEY:-DEFAULT}\` with a default; \`$\${metadata.KEY}\` is left as it is but for one dollar sign. It is replaced after parsing, in values only, and never inside a Secret's data.

Everything is checked before anything is written, by the rules of \`rower validate\`. With one mistake nothing is used, and what runs stays. Scripts, Ignition configs, Compose files and the like are refused with a message that says what to do instead; nothing is ever executed.

## Whose manifests are taken

\`--metadata-trust require\` takes signed manifests only, \`warn\` takes the others with a warning; user-data cannot change that. The keys are files that the machine's image brings, in \`/etc/rower/trust\`; they are read each time the provider is asked, and SIGHUP (\`systemctl reload rower\`) has it asked at once:

| keys | files | who signs |
|---|---|---|
| SSH: Ed25519, RSA, ECDSA (P-256); no certificates | \`allowed_signers\`, in the form of ssh-keygen(1), with \`namespaces="rower.manifest"\` | \`rower sign --key ~/.ssh/id_ed25519 pod.yaml\` |
| minisign | \`minisign/NAME.pub\` | \`rower sign --key minisign.key pod.yaml\`, or \`minisign -S\` |
| cosign: ECDSA P-256 public keys in PEM; no certificates | \`cosign/NAME.pub\` | \`cosign sign-blob --key cosign.key --bundle pod.yaml.sigstore.json pod.yaml\` |

\`\`\`sh
rower sign --key ~/.ssh/id_ed25519 pod.yaml > signed.yaml
rower verify --trust ./trust signed.yaml        # a directory as above
\`\`\`

SSH is the one to take: its signatures say what they are for. A key of minisign or cosign that signs other files too lets these be given as manifests.

A signature stands

- at the end of a manifest, in comments: what \`rower sign\` prints (SSH, minisign);
- in a part \`NAME.sig\`, \`NAME.minisig\` or \`NAME.sigstore.json\` beside the part \`NAME\` of a message;
- in a file with such a name beside the file or URL that \`file=\`, \`url=\`, the kernel command line or \`#include\` names.

It is checked before anything is parsed, over exactly the bytes that are left after unpacking and decrypting. What is signed as a whole (a message, a \`#cloud-config\`, an \`#include\` for the URLs it pins) signs its pieces; otherwise each manifest needs a signature of its own, and that one is left out is not noticed. Where signatures are required, user-data that wants no Pods stops none.

A signed manifest may say where and when it is to be taken, in annotations or in its first line (\`#rower: serial=7 not-after=2030-01-31\`):

| annotation | first line | |
|---|---|---|
| \`rower.dev/serial\` | \`serial\` | A whole number. Of the same object (kind, namespace, name) one with a lower serial is refused afterwards, and one without; the same serial is fine. |
| \`rower.dev/not-after\` | \`not-after\` | RFC 3339, or a date, which ends in UTC. Looked at when the manifest is taken: what runs stays. |
| \`rower.dev/audience\` | \`audience\` | Patterns with commas between, one of which must fit: the name of the provider, an instance id such as \`i-0abc*\`, \`TAG=VALUE\`. |

The serials that were taken are in \`ROOT/metadata/serials.json\`, and outlive everything else there. Removing the file forgets them. Without a serial an older manifest that was signed is good for as long as its key: limit that of SSH with \`valid-before\`.

## Secrets

A Secret, or all of the user-data, can be encrypted with [age](https://age-encryption.org) to the machine. Its identity is the credential \`rower.age\` of systemd (\`LoadCredentialEncrypted=rower.age\` in the unit, sealed by a TPM), else \`/etc/rower/trust/age.key\`, readable by root only.

\`\`\`sh
age-keygen -o /etc/rower/trust/age.key                    # on the machine, or when its image is built
age-keygen -y /etc/rower/trust/age.key                    # the recipient, age1…
age -a -r age1… secret.yaml                               # armored: what is given
\`\`\`

The armored text is user-data of its own, a part of a message, a file of \`write_files\`, or a document among others between \`---\`; a binary file goes too. Recipients are X25519 and the hybrid ones of age; passphrases, SSH keys and plugins are not for machines. Messages quote no line of what was encrypted. It is a plain file afterwards, with mode 0600, in the manifest directory and in \`ROOT/metadata\`: put both on an encrypted disk or on tmpfs where that matters.

## Appliances

A machine's image can bring manifests in \`/etc/rower/appliances\` and \`/usr/share/rower/appliances\` (\`NAME.yaml\`); the user-data says what is different here:

\`\`\`yaml
#rower: serial=3
apiVersion: rower.dev/v1alpha1
kind: Appliance
metadata: {name: shop}
spec:
  base: web                        # or url: https://… with sha256: …
  parameters: {site: north}        # for \${parameters.site} or \${parameters.site:-DEFAULT} in the base
  patches:
  - target: {kind: Pod, name: web} # absent: the only Pod
    patch:                         # a mapping: strategic merge, as kubectl patch
      spec:
        containers:
        - name: app
          image: registry.example/app:2
  - patch:                         # a list: JSON Patch, RFC 6902
    - {op: add, path: /spec/containers/0/args/-, value: --verbose}
\`\`\`

Lists are merged by kubectl's keys (containers, variables and volumes by name, ports by \`containerPort\`, mounts by \`mountPath\`), new items come first; \`$patch: delete\` and \`$patch: replace\`, \`$retainKeys\` and \`$deleteFromPrimitiveList\` are heeded, \`$setElementOrder\` is not. A patch may also be text, as in kustomize. What comes out is checked like any manifest; Pods are annotated with \`rower.dev/base\` and \`rower.dev/base-sha256\`. The signature is that of the Appliance: its base is trusted as the image is, or pinned.

## Words to Rower

\`#rower: KEY=VALUE …\` in the first lines of a manifest, a comment for everything else:

| word | |
|---|---|
| \`onMissing=remove\` | When there is no user-data any more (404), its Pods are removed. Default \`keep\`. |
| \`onEmpty=remove\` | The same when it is there and empty. |
| \`substitute=none\` | No variables are replaced. \`coreos\`: \`$private_ipv4\`, \`$public_ipv4\`, \`$private_ipv6\` and \`$public_ipv6\` are too. Default \`metadata\`. |
| \`serial\`, \`not-after\`, \`audience\` | See above; only where the manifest is signed. |

\`onMissing\`, \`onEmpty\` and \`substitute\` may also stand under \`rower:\` in a \`#cloud-config\`. Where signatures are required, what is not signed is not heeded. Settings of the agent are never read from user-data.

## Who may read metadata

User-data is open to every program that can reach the service, and often holds secrets. When the Pods came over the network, an nftables rule (table \`inet rower-metadata\`) keeps Pods with a network of their own away from the metadata addresses, DNS excepted. A Pod annotated \`rower.dev/metadata-access: allow\` may ask. \`--metadata-guard=false\` leaves the rule out. The rule stays when the agent stops, as the Pods do: \`nft delete table inet rower-metadata\` removes it.

\`--metadata-guard-host-network\` holds Pods on the host's network to the same rule, by their cgroup; it takes cgroup version 2, and the Pods that the machine's own cloud integration needs have to be annotated then. A rule that cannot be set is the event \`MetadataGuardFailed\`, and is tried again each minute.

## What Kubernetes' clients see

Region, zone and instance type are the Node's labels \`topology.kubernetes.io/region\`, \`topology.kubernetes.io/zone\` and \`node.kubernetes.io/instance-type\`; public addresses are its \`ExternalIP\`. Everything else that the cloud says of the machine is an annotation \`rower.dev/KEY\` with \`-\` for \`_\` (\`rower.dev/instance-id\`, \`rower.dev/private-ipv4\`). A tag is a label \`tag.rower.dev/NAME\`, or an annotation where its value cannot be a label; tags whose name cannot be one are left out.

Every Pod has the same as annotations, and region and zone as labels, for the downward API:

\`\`\`yaml
env:
- name: ZONE
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['topology.kubernetes.io/zone']" } }
- name: INSTANCE
  valueFrom: { fieldRef: { fieldPath: "metadata.annotations['rower.dev/instance-id']" } }
\`\`\`

They are no part of the Pod: when a tag changes, files of \`downwardAPI\` volumes follow, and nothing restarts. A Pod from \`/etc/pods\` that starts before the cloud has answered for the first time sees them empty.

## What went well, and what did not

| where | what |
|---|---|
| \`rower explain\`, \`/rower/v1/explain\` | provider and why it is that one, instance, user-data, what is in use, the last error and the next try |
| \`/rower/v1/problems\`, the page | everything that is refused or warned of, without lines of the manifest |
| \`/readyz\` | the check \`metadata\` fails as long as it is not known what the machine is to run: the provider has never answered, and there is nothing from before. A refusal, 401, 403 and "there is none" are answers |
| \`/healthz\` | nothing: a restart of the agent would not help |
| \`/metrics\` | \`rower_metadata_up\`, \`_last_success_timestamp_seconds\`, \`_requests_total\`, \`_errors_total{kind}\`, \`_problems{severity}\`, \`_manifests\`, \`_documents{kind}\`, \`_user_data_changed_timestamp_seconds\`, \`_info{instance_id,outcome,sha256}\` |
| events of the Node | \`ManifestsFromMetadata\`, \`ManifestRejected\`, \`ManifestWarning\`, \`ManifestsNotWritten\`, \`MetadataUnavailable\`, \`MetadataDenied\`, \`MetadataNotBelieved\`, \`MetadataInvalid\`, \`MetadataMissing\`, \`MetadataInstanceChanged\`, \`MetadataOfAnotherMachine\`, \`MetadataGuardFailed\` |

Kinds of errors: \`unreachable\`, \`denied\` (401, 403), \`status\`, \`identity\` (what answers is not the service of this machine), \`invalid\`, \`medium\`, \`refused\`, \`write\`. Passwords and queries of URLs are in none of these places, nor are the values of the user-data. \`sha256\` is the beginning of what \`sha256sum\` says of the user-data as it came.

## Over time

The manifests are files in the manifest directory whose names begin with \`rower-metadata-\`. Files with that mark are the agent's alone and are overwritten; others are never touched. Copies are kept in \`ROOT/metadata\`, readable by root only.

| | what happens |
|---|---|
| a start without network | what ran before runs |
| the agent's own record cannot be read | what runs stays |
| a disk copied to another machine (other firmware uuid or serial) | the files of the original go before anything is read |
| another instance id | the files of the old instance go |
| there is no user-data any more (404), or it is empty | what runs stays, with a warning, unless \`#rower: onMissing=remove\` or \`onEmpty=remove\` was in it |
| the user-data says that no Pods are wanted (\`{}\`, comments only) | its Pods are stopped |
| a page of HTML comes instead (a captive portal, a proxy) | what runs stays, and it is asked again: it is never taken for user-data or for another instance |
| an error, a refusal, a service that does not answer | what runs stays; a log line, an event of the Node, a metric |

Retries begin at 200 ms and double to 5 s; after five minutes they are 30 s to 5 min apart, for ever.

With cloud-init on the machine its result is used, its \`write_files\` are left to it, and so is what it runs: a script, \`runcmd\` or \`packages\` are a warning then and no refusal.
`;
}
