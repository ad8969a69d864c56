/** What `kubectl explain` says of a Pod and its containers. Volumes: `texts-volumes.ts`; status: `served-types.ts`. */
import type { Texts } from './texts.ts';

export const POD_TEXTS: Texts = {
  Pod: [
    'Containers that are started and stopped together: they share a network and may share volumes.',
    {
      apiVersion: 'Version of the API that the manifest is written for: v1.',
      kind: 'What the manifest describes: Pod.',
      metadata: 'Name, namespace, labels and annotations.',
      spec: 'What is to run, and how.',
      status: 'What does run. The agent writes it; it may be some seconds old.',
    },
  ],
  ObjectMeta: [
    'What every object has beside its content.',
    {
      name: 'Name of the object, unique among those of its kind and namespace. A Pod from a manifest gets the name of its node added to it.',
      namespace: 'Keeps apart what has the same name. Empty means "default".',
      uid: 'Names this very object: one that is made anew under the same name has another one. For a Pod of a manifest it is a hash of the manifest unless it is given.',
      labels: 'Short pairs of key and value by which objects are selected, e.g. with kubectl get -l.',
      annotations: 'Pairs of key and value for people and programs; nothing is selected by them.',
      creationTimestamp: 'When the object was created, in UTC.',
      deletionGracePeriodSeconds: 'How many seconds the object has to end in order once it is to be deleted.',
      deletionTimestamp: 'When the object is to be gone. Set as soon as it has begun to end.',
      finalizers: 'Who has to agree before the object is removed.',
      generateName: 'Beginning of a name that the server completes.',
      generation: 'Counts the changes of what is wanted.',
      managedFields: 'Who has set which field.',
      ownerReferences: 'Objects that this one belongs to and goes with.',
      resourceVersion: 'Changes with every change of the object. Only equality means something.',
      selfLink: 'No longer used.',
    },
  ],
  PodSpec: [
    'What is to run in a Pod, and how.',
    {
      activeDeadlineSeconds: 'How long the Pod may be active, from its start on, before it is ended as Failed.',
      affinity: 'Which machines, and the company of which other Pods, a scheduler is to prefer or avoid.',
      automountServiceAccountToken: 'Whether a token of the service account is put into the containers.',
      containers: 'The containers that run side by side; at least one. The list cannot change while the Pod runs.',
      dnsConfig: 'Name servers, search domains and options that are added to those of dnsPolicy.',
      dnsPolicy:
        'Where resolv.conf comes from: ClusterFirst, ClusterFirstWithHostNet, Default (the machine) or None (dnsConfig alone).',
      enableServiceLinks: 'Whether the addresses of services are put into the environment.',
      ephemeralContainers: 'Containers that join a running Pod to debug it.',
      hostAliases: 'More lines for /etc/hosts of the containers.',
      hostIPC: "The containers use the machine's own IPC namespace.",
      hostNetwork: "The containers use the machine's own network: its addresses, and its ports as they are.",
      hostPID: "The containers see the machine's processes.",
      hostUsers:
        "false: root in the containers is nobody on the machine (a user namespace). true or absent: the machine's own users.",
      hostname: 'Host name inside of the Pod. Absent: the name of the Pod.',
      hostnameOverride: 'Host name inside of the Pod, in full and whatever else is set.',
      imagePullSecrets: 'Secrets of the same namespace with credentials for the registries of the images.',
      initContainers:
        'Containers that run to their end, one after the other, before the others start. With restartPolicy Always one is a sidecar: it starts in its turn and goes on beside the others.',
      nodeName: 'The machine that the Pod is on.',
      nodeSelector: 'Labels that a machine must have to run the Pod.',
      os: 'The operating system that the Pod is made for.',
      overhead: 'Resources that the Pod needs beside those of its containers.',
      preemptionPolicy: 'Whether the Pod may push out Pods of lower priority: PreemptLowerPriority or Never.',
      priority: 'The higher, the more important the Pod.',
      priorityClassName: 'Name of the class that gives the priority, e.g. system-node-critical.',
      readinessGates: 'Conditions beside those of the containers that must be true for the Pod to be ready.',
      resourceClaims: 'Devices that are claimed before the Pod may start.',
      resources: 'CPU and memory for all containers together.',
      restartPolicy: 'What happens when a container ends: Always, OnFailure or Never start it again.',
      runtimeClassName: 'Name of the runtime that runs the Pod, where the machine has several.',
      schedulerName: 'Which scheduler chooses the machine.',
      schedulingGates: 'As long as there are any, the Pod is not placed.',
      schedulingGroup: 'Pods that are placed together.',
      securityContext: 'User, groups and privileges for all containers; each may say otherwise.',
      serviceAccount: 'Former name of serviceAccountName.',
      serviceAccountName: 'The account under which the Pod speaks to an API server.',
      setHostnameAsFQDN: 'The host name inside of the Pod is the fully qualified one.',
      shareProcessNamespace: 'The containers see and may signal the processes of each other.',
      subdomain: 'Makes the full name HOSTNAME.SUBDOMAIN.NAMESPACE.svc.DOMAIN.',
      terminationGracePeriodSeconds:
        'How many seconds the containers have to end after they were told to; then they are killed. 0 kills at once.',
      tolerations: 'Taints of a machine that do not keep the Pod away.',
      topologySpreadConstraints: 'How Pods of a group are to be spread over machines.',
      volumes: 'Directories and files that containers of the Pod can mount.',
    },
  ],
  Container: [
    'One container of a Pod: an image, what runs in it, and what it may use.',
    {
      args: "Arguments for the program; absent: the image's own. $(NAME) stands for a variable of the environment, $$(NAME) for that very text.",
      command:
        "Program and first arguments instead of the image's entrypoint; no shell is involved. $(NAME) works as in args.",
      env: 'Variables of the environment. Of two with one name the later counts.',
      envFrom: 'Whole ConfigMaps and Secrets as variables; env comes before them.',
      image: 'Name of the image, with a tag or a digest.',
      imagePullPolicy:
        'When the image is pulled: Always, IfNotPresent or Never. Absent: Always for the tag latest or none, else IfNotPresent.',
      lifecycle: 'What is done right after the start and before the end.',
      livenessProbe: 'Asked again and again whether the container works. When it fails the container is restarted.',
      name: 'Name of the container, unique in the Pod: a DNS label.',
      ports: 'Ports that the container listens on. Only hostPort opens anything.',
      readinessProbe: 'Asked again and again whether the container can serve. While it fails the Pod is not ready.',
      resizePolicy: 'Whether a change of resources needs a restart.',
      resources: 'CPU and memory: what is asked for and what is allowed.',
      restartPolicy: 'Of this container alone. In an init container, Always makes it a sidecar.',
      restartPolicyRules: 'What happens after certain exit codes, before restartPolicy is asked.',
      securityContext: "User, groups and privileges; where set they count before the Pod's.",
      startupProbe:
        'Asked until it succeeds once; the other probes wait for it. When it fails the container is restarted.',
      stdin: 'Standard input is kept open for somebody to attach.',
      stdinOnce: 'Standard input is closed when the first who attached leaves.',
      terminationMessagePath: 'File in the container whose text becomes the message of its end.',
      terminationMessagePolicy:
        'Where that message comes from: File, or FallbackToLogsOnError for the end of the log if the file is empty.',
      tty: 'The container gets a terminal; stdin has to be true as well.',
      volumeDevices: 'Block devices to give to the container.',
      volumeMounts: 'Where volumes of the Pod appear in the container.',
      workingDir: "Directory that the program starts in; absent: the image's own.",
    },
  ],
  ContainerPort: [
    'A port of a container.',
    {
      containerPort: 'The port inside of the Pod, 1 to 65535.',
      hostIP: 'Address of the machine that hostPort is on; absent: all.',
      hostPort: 'Port of the machine that leads to this one. With hostNetwork the same as containerPort.',
      name: 'Name of the port, for probes and for discovery; unique in the Pod.',
      protocol: 'TCP, UDP or SCTP.',
    },
  ],
  ContainerResizePolicy: [
    'How a change of one resource takes effect.',
    { resourceName: 'cpu or memory.', restartPolicy: 'NotRequired or RestartContainer.' },
  ],
  ContainerRestartRule: [
    'What happens after certain ends of a container.',
    {
      action: 'Restart: it is started again; RestartAllContainers: all of the Pod are.',
      exitCodes: 'The exit codes that this is for.',
    },
  ],
  ContainerRestartRuleOnExitCodes: [
    'A set of exit codes.',
    { operator: 'In: one of the values; NotIn: none of them.', values: 'Exit codes, 0 to 255.' },
  ],
  EnvVar: [
    'A variable of the environment.',
    {
      name: 'Name of the variable.',
      value: 'Its text. $(NAME) stands for a variable that was defined before, $$(NAME) for that very text.',
      valueFrom: 'Where the text comes from, instead of value.',
    },
  ],
  EnvVarSource: [
    'Where the text of a variable comes from: exactly one of these.',
    {
      configMapKeyRef: 'A key of a ConfigMap.',
      fieldRef: 'A field of the Pod, e.g. metadata.name, status.podIP or spec.nodeName.',
      fileKeyRef: 'A key in a file of a volume.',
      resourceFieldRef: 'A request or limit of a container, e.g. limits.memory.',
      secretKeyRef: 'A key of a Secret.',
    },
  ],
  ConfigMapKeySelector: [
    'A key of a ConfigMap.',
    { key: 'The key.', name: 'Name of the ConfigMap.', optional: 'The container starts without it, too.' },
  ],
  SecretKeySelector: [
    'A key of a Secret.',
    { key: 'The key.', name: 'Name of the Secret.', optional: 'The container starts without it, too.' },
  ],
  FileKeySelector: [
    'A key in a file with lines of KEY=VALUE.',
    {
      key: 'The key.',
      optional: 'The container starts without it, too.',
      path: 'Path of the file in the volume, relative.',
      volumeName: 'The volume.',
    },
  ],
  ObjectFieldSelector: [
    'A field of the Pod.',
    {
      apiVersion: 'Version that the path is written for: v1.',
      fieldPath: "Path of the field, e.g. metadata.labels['app'].",
    },
  ],
  ResourceFieldSelector: [
    'A request or limit of a container, as a number.',
    {
      containerName: 'The container; needed in volumes.',
      divisor: 'Unit of the number, e.g. 1Mi; absent: 1.',
      resource: 'limits.cpu, limits.memory, limits.ephemeral-storage, or the same of requests.',
    },
  ],
  EnvFromSource: [
    'All keys of a ConfigMap or Secret as variables.',
    { configMapRef: 'The ConfigMap.', prefix: 'Put before every key.', secretRef: 'The Secret.' },
  ],
  ConfigMapEnvSource: [
    'A ConfigMap whose keys become variables.',
    { name: 'Name of the ConfigMap.', optional: 'The container starts without it, too.' },
  ],
  SecretEnvSource: [
    'A Secret whose keys become variables.',
    { name: 'Name of the Secret.', optional: 'The container starts without it, too.' },
  ],
  ResourceRequirements: [
    'What a container needs and what it may use.',
    {
      claims: 'Devices of resourceClaims that the container uses.',
      limits: 'The most that it may use: more CPU is held back, more memory ends it (OOMKilled).',
      requests: 'What it is promised; absent: its limits.',
    },
  ],
  VolumeMount: [
    'Where a volume appears in a container.',
    {
      mountPath: 'Path in the container. No colons.',
      mountPropagation: 'Whether later mounts are seen: None, HostToContainer or Bidirectional.',
      name: 'Name of the volume.',
      readOnly: 'The container cannot write there.',
      recursiveReadOnly: 'Nor in mounts below: Disabled, IfPossible or Enabled.',
      subPath: 'Path in the volume that is mounted instead of the whole.',
      subPathExpr: 'The same, with $(NAME) for variables of the environment.',
    },
  ],
  VolumeDevice: [
    'A block device for a container.',
    { devicePath: 'Path of the device in the container.', name: 'Name of the volume.' },
  ],
  Probe: [
    'A question that is put to a container again and again: exactly one of exec, grpc, httpGet and tcpSocket, and when.',
    {
      exec: 'Runs a program in the container; exit code 0 is success.',
      failureThreshold: 'So many failures in a row make it failed.',
      grpc: 'Asks the gRPC health service.',
      httpGet: 'Sends an HTTP request; 200 to 399 is success.',
      initialDelaySeconds: 'Seconds after the start of the container before the first question.',
      periodSeconds: 'Seconds from one question to the next.',
      successThreshold: 'So many successes in a row make a failed one good again. 1 for liveness and startup.',
      tcpSocket: 'Opens a connection; that it opens is success.',
      terminationGracePeriodSeconds: "Seconds that the container has to end when this probe failed; absent: the Pod's.",
      timeoutSeconds: 'Seconds to wait for an answer.',
    },
  ],
  Lifecycle: [
    'What is done at the start and the end of a container.',
    {
      postStart: 'Right after the start. When it fails the container is ended as its restart policy says.',
      preStop: 'Before the container is told to end; the time counts as grace period.',
      stopSignal: "The signal that tells the container to end, e.g. SIGUSR1; absent: the image's own or SIGTERM.",
    },
  ],
  LifecycleHandler: [
    'Something to do: exactly one of these.',
    {
      exec: 'Runs a program in the container.',
      httpGet: 'Sends an HTTP request.',
      sleep: 'Waits.',
      tcpSocket: 'Has no effect; kept for old manifests.',
    },
  ],
  ExecAction: ['A program in the container.', { command: 'The program and its arguments; no shell is involved.' }],
  HTTPGetAction: [
    'An HTTP request.',
    {
      host: 'Host to connect to; absent: the address of the Pod. For a name of the server set the header Host.',
      httpHeaders: 'Headers to send.',
      path: 'Path and query.',
      port: 'Number, or name of a port of the container.',
      scheme: 'HTTP or HTTPS; certificates are not checked.',
    },
  ],
  HTTPHeader: ['A header of a request.', { name: 'Name of the header.', value: 'Its value.' }],
  TCPSocketAction: [
    'A connection.',
    {
      host: 'Host to connect to; absent: the address of the Pod.',
      port: 'Number, or name of a port of the container.',
    },
  ],
  GRPCAction: [
    'A question to the gRPC health service.',
    { port: 'Number of the port.', service: 'Name of the service to ask about; empty: the server as a whole.' },
  ],
  SleepAction: ['A pause.', { seconds: 'How long.' }],
};
