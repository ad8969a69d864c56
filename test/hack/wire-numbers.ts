/**
 * The public wire contract of what `protos/` declares: Kubernetes' CRI v1 (k8s.io/cri-api), containerd's events and
 * gRPC's health service, written down apart from the .proto files so that a slip in one shows against the other. A
 * message lists all fields of the contract; `protos/` may leave out what it does not use.
 */

/** `number name: type`, by full message name. */
export const messages: Record<string, string> = {
  'runtime.v1.VersionRequest': '1 version: string',
  'runtime.v1.VersionResponse':
    '1 version: string; 2 runtime_name: string; 3 runtime_version: string; 4 runtime_api_version: string',
  'runtime.v1.DNSConfig': '1 servers: string[]; 2 searches: string[]; 3 options: string[]',
  'runtime.v1.PortMapping': '1 protocol: Protocol; 2 container_port: int32; 3 host_port: int32; 4 host_ip: string',
  'runtime.v1.Mount':
    '1 container_path: string; 2 host_path: string; 3 readonly: bool; 4 selinux_relabel: bool; 5 propagation: MountPropagation; 6 uidMappings: IDMapping[]; 7 gidMappings: IDMapping[]; 8 recursive_read_only: bool; 9 image: ImageSpec; 10 image_sub_path: string',
  'runtime.v1.IDMapping': '1 host_id: uint32; 2 container_id: uint32; 3 length: uint32',
  'runtime.v1.UserNamespace': '1 mode: NamespaceMode; 2 uids: IDMapping[]; 3 gids: IDMapping[]',
  'runtime.v1.NamespaceOption':
    '1 network: NamespaceMode; 2 pid: NamespaceMode; 3 ipc: NamespaceMode; 4 target_id: string; 5 userns_options: UserNamespace',
  'runtime.v1.Int64Value': '1 value: int64',
  'runtime.v1.LinuxSandboxSecurityContext':
    '1 namespace_options: NamespaceOption; 2 selinux_options: SELinuxOption; 3 run_as_user: Int64Value; 8 run_as_group: Int64Value; 4 readonly_rootfs: bool; 5 supplemental_groups: int64[]; 11 supplemental_groups_policy: SupplementalGroupsPolicy; 6 privileged: bool; 9 seccomp: SecurityProfile; 10 apparmor: SecurityProfile; 7 seccomp_profile_path: string',
  'runtime.v1.SecurityProfile': '1 profile_type: ProfileType; 2 localhost_ref: string',
  'runtime.v1.LinuxPodSandboxConfig':
    '1 cgroup_parent: string; 2 security_context: LinuxSandboxSecurityContext; 3 sysctls: map<string, string>; 4 overhead: LinuxContainerResources; 5 resources: LinuxContainerResources',
  'runtime.v1.PodSandboxMetadata': '1 name: string; 2 uid: string; 3 namespace: string; 4 attempt: uint32',
  'runtime.v1.PodSandboxConfig':
    '1 metadata: PodSandboxMetadata; 2 hostname: string; 3 log_directory: string; 4 dns_config: DNSConfig; 5 port_mappings: PortMapping[]; 6 labels: map<string, string>; 7 annotations: map<string, string>; 8 linux: LinuxPodSandboxConfig; 9 windows: WindowsPodSandboxConfig',
  'runtime.v1.RunPodSandboxRequest': '1 config: PodSandboxConfig; 2 runtime_handler: string',
  'runtime.v1.RunPodSandboxResponse': '1 pod_sandbox_id: string',
  'runtime.v1.StopPodSandboxRequest': '1 pod_sandbox_id: string',
  'runtime.v1.StopPodSandboxResponse': '',
  'runtime.v1.RemovePodSandboxRequest': '1 pod_sandbox_id: string',
  'runtime.v1.RemovePodSandboxResponse': '',
  'runtime.v1.PodSandboxStatusRequest': '1 pod_sandbox_id: string; 2 verbose: bool',
  'runtime.v1.PodIP': '1 ip: string',
  'runtime.v1.PodSandboxNetworkStatus': '1 ip: string; 2 additional_ips: PodIP[]',
  'runtime.v1.PodSandboxStatus':
    '1 id: string; 2 metadata: PodSandboxMetadata; 3 state: PodSandboxState; 4 created_at: int64; 5 network: PodSandboxNetworkStatus; 6 linux: LinuxPodSandboxStatus; 7 labels: map<string, string>; 8 annotations: map<string, string>; 9 runtime_handler: string',
  'runtime.v1.PodSandboxStatusResponse':
    '1 status: PodSandboxStatus; 2 info: map<string, string>; 3 containers_statuses: ContainerStatus[]; 4 timestamp: int64',
  'runtime.v1.PodSandboxStateValue': '1 state: PodSandboxState',
  'runtime.v1.PodSandboxFilter': '1 id: string; 2 state: PodSandboxStateValue; 3 label_selector: map<string, string>',
  'runtime.v1.ListPodSandboxRequest': '1 filter: PodSandboxFilter',
  'runtime.v1.PodSandbox':
    '1 id: string; 2 metadata: PodSandboxMetadata; 3 state: PodSandboxState; 4 created_at: int64; 5 labels: map<string, string>; 6 annotations: map<string, string>; 7 runtime_handler: string',
  'runtime.v1.ListPodSandboxResponse': '1 items: PodSandbox[]',
  'runtime.v1.PodSandboxStatsRequest': '1 pod_sandbox_id: string',
  'runtime.v1.PodSandboxStatsResponse': '1 stats: PodSandboxStats',
  'runtime.v1.PodSandboxStatsFilter': '1 id: string; 2 label_selector: map<string, string>',
  'runtime.v1.ListPodSandboxStatsRequest': '1 filter: PodSandboxStatsFilter',
  'runtime.v1.ListPodSandboxStatsResponse': '1 stats: PodSandboxStats[]',
  'runtime.v1.PodSandboxAttributes':
    '1 id: string; 2 metadata: PodSandboxMetadata; 3 labels: map<string, string>; 4 annotations: map<string, string>',
  'runtime.v1.PodSandboxStats':
    '1 attributes: PodSandboxAttributes; 2 linux: LinuxPodSandboxStats; 3 windows: WindowsPodSandboxStats',
  'runtime.v1.LinuxPodSandboxStats':
    '1 cpu: CpuUsage; 2 memory: MemoryUsage; 3 network: NetworkUsage; 4 process: ProcessUsage; 5 containers: ContainerStats[]; 6 io: IoUsage',
  'runtime.v1.NetworkUsage':
    '1 timestamp: int64; 2 default_interface: NetworkInterfaceUsage; 3 interfaces: NetworkInterfaceUsage[]',
  'runtime.v1.NetworkInterfaceUsage':
    '1 name: string; 2 rx_bytes: UInt64Value; 3 rx_errors: UInt64Value; 4 tx_bytes: UInt64Value; 5 tx_errors: UInt64Value',
  'runtime.v1.ProcessUsage': '1 timestamp: int64; 2 process_count: UInt64Value',
  'runtime.v1.ImageSpec':
    '1 image: string; 2 annotations: map<string, string>; 18 user_specified_image: string; 19 runtime_handler: string; 20 image_ref: string',
  'runtime.v1.KeyValue': '1 key: string; 2 value: bytes',
  'runtime.v1.LinuxContainerResources':
    '1 cpu_period: int64; 2 cpu_quota: int64; 3 cpu_shares: int64; 4 memory_limit_in_bytes: int64; 5 oom_score_adj: int64; 6 cpuset_cpus: string; 7 cpuset_mems: string; 8 hugepage_limits: HugepageLimit[]; 9 unified: map<string, string>; 10 memory_swap_limit_in_bytes: int64',
  'runtime.v1.HugepageLimit': '1 page_size: string; 2 limit: uint64',
  'runtime.v1.SELinuxOption': '1 user: string; 2 role: string; 3 type: string; 4 level: string',
  'runtime.v1.Capability':
    '1 add_capabilities: string[]; 2 drop_capabilities: string[]; 3 add_ambient_capabilities: string[]',
  'runtime.v1.LinuxContainerSecurityContext':
    '1 capabilities: Capability; 2 privileged: bool; 3 namespace_options: NamespaceOption; 4 selinux_options: SELinuxOption; 5 run_as_user: Int64Value; 12 run_as_group: Int64Value; 6 run_as_username: string; 7 readonly_rootfs: bool; 8 supplemental_groups: int64[]; 17 supplemental_groups_policy: SupplementalGroupsPolicy; 11 no_new_privs: bool; 13 masked_paths: string[]; 14 readonly_paths: string[]; 15 seccomp: SecurityProfile; 16 apparmor: SecurityProfile; 9 apparmor_profile: string; 10 seccomp_profile_path: string',
  'runtime.v1.LinuxContainerConfig':
    '1 resources: LinuxContainerResources; 2 security_context: LinuxContainerSecurityContext',
  'runtime.v1.LinuxContainerUser': '1 uid: int64; 2 gid: int64; 3 supplemental_groups: int64[]',
  'runtime.v1.ContainerMetadata': '1 name: string; 2 attempt: uint32',
  'runtime.v1.Device': '1 container_path: string; 2 host_path: string; 3 permissions: string',
  'runtime.v1.ContainerConfig':
    '1 metadata: ContainerMetadata; 2 image: ImageSpec; 3 command: string[]; 4 args: string[]; 5 working_dir: string; 6 envs: KeyValue[]; 7 mounts: Mount[]; 8 devices: Device[]; 9 labels: map<string, string>; 10 annotations: map<string, string>; 11 log_path: string; 12 stdin: bool; 13 stdin_once: bool; 14 tty: bool; 15 linux: LinuxContainerConfig; 16 windows: WindowsContainerConfig; 17 CDI_devices: CDIDevice[]; 18 stop_signal: Signal',
  'runtime.v1.CreateContainerRequest':
    '1 pod_sandbox_id: string; 2 config: ContainerConfig; 3 sandbox_config: PodSandboxConfig',
  'runtime.v1.CreateContainerResponse': '1 container_id: string',
  'runtime.v1.StartContainerRequest': '1 container_id: string',
  'runtime.v1.StartContainerResponse': '',
  'runtime.v1.StopContainerRequest': '1 container_id: string; 2 timeout: int64',
  'runtime.v1.StopContainerResponse': '',
  'runtime.v1.RemoveContainerRequest': '1 container_id: string',
  'runtime.v1.RemoveContainerResponse': '',
  'runtime.v1.ContainerStateValue': '1 state: ContainerState',
  'runtime.v1.ContainerFilter':
    '1 id: string; 2 state: ContainerStateValue; 3 pod_sandbox_id: string; 4 label_selector: map<string, string>',
  'runtime.v1.ListContainersRequest': '1 filter: ContainerFilter',
  'runtime.v1.Container':
    '1 id: string; 2 pod_sandbox_id: string; 3 metadata: ContainerMetadata; 4 image: ImageSpec; 5 image_ref: string; 6 state: ContainerState; 7 created_at: int64; 8 labels: map<string, string>; 9 annotations: map<string, string>; 10 image_id: string',
  'runtime.v1.ListContainersResponse': '1 containers: Container[]',
  'runtime.v1.ContainerStatusRequest': '1 container_id: string; 2 verbose: bool',
  'runtime.v1.ContainerStatus':
    '1 id: string; 2 metadata: ContainerMetadata; 3 state: ContainerState; 4 created_at: int64; 5 started_at: int64; 6 finished_at: int64; 7 exit_code: int32; 8 image: ImageSpec; 9 image_ref: string; 10 reason: string; 11 message: string; 12 labels: map<string, string>; 13 annotations: map<string, string>; 14 mounts: Mount[]; 15 log_path: string; 16 resources: ContainerResources; 17 image_id: string; 18 user: ContainerUser; 19 stop_signal: Signal',
  'runtime.v1.ContainerResources': '1 linux: LinuxContainerResources; 2 windows: WindowsContainerResources',
  'runtime.v1.ContainerStatusResponse': '1 status: ContainerStatus; 2 info: map<string, string>',
  'runtime.v1.ContainerUser': '1 linux: LinuxContainerUser',
  'runtime.v1.UpdateContainerResourcesRequest':
    '1 container_id: string; 2 linux: LinuxContainerResources; 3 windows: WindowsContainerResources; 4 annotations: map<string, string>',
  'runtime.v1.UpdateContainerResourcesResponse': '',
  'runtime.v1.ExecSyncRequest': '1 container_id: string; 2 cmd: string[]; 3 timeout: int64',
  'runtime.v1.ExecSyncResponse': '1 stdout: bytes; 2 stderr: bytes; 3 exit_code: int32',
  'runtime.v1.ListImagesRequest': '1 filter: ImageFilter',
  'runtime.v1.Image':
    '1 id: string; 2 repo_tags: string[]; 3 repo_digests: string[]; 4 size: uint64; 5 uid: Int64Value; 6 username: string; 7 spec: ImageSpec; 8 pinned: bool',
  'runtime.v1.ListImagesResponse': '1 images: Image[]',
  'runtime.v1.ImageStatusRequest': '1 image: ImageSpec; 2 verbose: bool',
  'runtime.v1.ImageStatusResponse': '1 image: Image; 2 info: map<string, string>',
  'runtime.v1.AuthConfig':
    '1 username: string; 2 password: string; 3 auth: string; 4 server_address: string; 5 identity_token: string; 6 registry_token: string',
  'runtime.v1.PullImageRequest': '1 image: ImageSpec; 2 auth: AuthConfig; 3 sandbox_config: PodSandboxConfig',
  'runtime.v1.PullImageResponse': '1 image_ref: string',
  'runtime.v1.RemoveImageRequest': '1 image: ImageSpec',
  'runtime.v1.RemoveImageResponse': '',
  'runtime.v1.RuntimeCondition': '1 type: string; 2 status: bool; 3 reason: string; 4 message: string',
  'runtime.v1.RuntimeStatus': '1 conditions: RuntimeCondition[]',
  'runtime.v1.RuntimeHandlerFeatures': '1 recursive_read_only_mounts: bool; 2 user_namespaces: bool',
  'runtime.v1.RuntimeHandler': '1 name: string; 2 features: RuntimeHandlerFeatures',
  'runtime.v1.RuntimeFeatures': '1 supplemental_groups_policy: bool; 2 user_namespaces_host_network: bool',
  'runtime.v1.StatusRequest': '1 verbose: bool',
  'runtime.v1.StatusResponse':
    '1 status: RuntimeStatus; 2 info: map<string, string>; 3 runtime_handlers: RuntimeHandler[]; 4 features: RuntimeFeatures',
  'runtime.v1.ImageFsInfoRequest': '',
  'runtime.v1.UInt64Value': '1 value: uint64',
  'runtime.v1.FilesystemIdentifier': '1 mountpoint: string',
  'runtime.v1.FilesystemUsage':
    '1 timestamp: int64; 2 fs_id: FilesystemIdentifier; 3 used_bytes: UInt64Value; 4 inodes_used: UInt64Value',
  'runtime.v1.ImageFsInfoResponse':
    '1 image_filesystems: FilesystemUsage[]; 2 container_filesystems: FilesystemUsage[]',
  'runtime.v1.ContainerStatsRequest': '1 container_id: string',
  'runtime.v1.ContainerStatsResponse': '1 stats: ContainerStats',
  'runtime.v1.ListContainerStatsRequest': '1 filter: ContainerStatsFilter',
  'runtime.v1.ContainerStatsFilter': '1 id: string; 2 pod_sandbox_id: string; 3 label_selector: map<string, string>',
  'runtime.v1.ListContainerStatsResponse': '1 stats: ContainerStats[]',
  'runtime.v1.ContainerAttributes':
    '1 id: string; 2 metadata: ContainerMetadata; 3 labels: map<string, string>; 4 annotations: map<string, string>',
  'runtime.v1.ContainerStats':
    '1 attributes: ContainerAttributes; 2 cpu: CpuUsage; 3 memory: MemoryUsage; 4 writable_layer: FilesystemUsage; 5 swap: SwapUsage; 6 io: IoUsage',
  'runtime.v1.CpuUsage':
    '1 timestamp: int64; 2 usage_core_nano_seconds: UInt64Value; 3 usage_nano_cores: UInt64Value; 4 psi: PsiStats',
  'runtime.v1.MemoryUsage':
    '1 timestamp: int64; 2 working_set_bytes: UInt64Value; 3 available_bytes: UInt64Value; 4 usage_bytes: UInt64Value; 5 rss_bytes: UInt64Value; 6 page_faults: UInt64Value; 7 major_page_faults: UInt64Value; 8 psi: PsiStats',
  'runtime.v1.SwapUsage': '1 timestamp: int64; 2 swap_available_bytes: UInt64Value; 3 swap_usage_bytes: UInt64Value',
  'runtime.v1.ReopenContainerLogRequest': '1 container_id: string',
  'runtime.v1.ReopenContainerLogResponse': '',
  'runtime.v1.GetEventsRequest': '',
  'runtime.v1.ContainerEventResponse':
    '1 container_id: string; 2 container_event_type: ContainerEventType; 3 created_at: int64; 4 pod_sandbox_status: PodSandboxStatus; 5 containers_statuses: ContainerStatus[]',
  'runtime.v1.RuntimeConfigRequest': '',
  'runtime.v1.RuntimeConfigResponse': '1 linux: LinuxRuntimeConfiguration',
  'runtime.v1.LinuxRuntimeConfiguration': '1 cgroup_driver: CgroupDriver',
  'containerd.services.events.v1.SubscribeRequest': '1 filters: string[]',
  'containerd.services.events.v1.Envelope':
    '1 timestamp: google.protobuf.Timestamp; 2 namespace: string; 3 topic: string; 4 event: google.protobuf.Any',
  'containerd.events.TaskStart': '1 container_id: string; 2 pid: uint32',
  'containerd.events.TaskExit':
    '1 container_id: string; 2 id: string; 3 pid: uint32; 4 exit_status: uint32; 5 exited_at: google.protobuf.Timestamp',
  'containerd.events.TaskOOM': '1 container_id: string',
  'containerd.events.TaskDelete':
    '1 container_id: string; 2 pid: uint32; 3 exit_status: uint32; 4 exited_at: google.protobuf.Timestamp; 5 id: string',
  'grpc.health.v1.HealthCheckRequest': '1 service: string',
  'grpc.health.v1.HealthCheckResponse': '1 status: ServingStatus',
};

export const enums: Record<string, string> = {
  'runtime.v1.Protocol': 'TCP=0 UDP=1 SCTP=2',
  'runtime.v1.MountPropagation': 'PROPAGATION_PRIVATE=0 PROPAGATION_HOST_TO_CONTAINER=1 PROPAGATION_BIDIRECTIONAL=2',
  'runtime.v1.NamespaceMode': 'POD=0 CONTAINER=1 NODE=2 TARGET=3',
  'runtime.v1.SupplementalGroupsPolicy': 'Merge=0 Strict=1',
  'runtime.v1.SecurityProfile.ProfileType': 'RuntimeDefault=0 Unconfined=1 Localhost=2',
  'runtime.v1.PodSandboxState': 'SANDBOX_READY=0 SANDBOX_NOTREADY=1',
  'runtime.v1.Signal':
    'RUNTIME_DEFAULT=0 SIGABRT=1 SIGALRM=2 SIGBUS=3 SIGCHLD=4 SIGCLD=5 SIGCONT=6 SIGFPE=7 SIGHUP=8 SIGILL=9 SIGINT=10 SIGIO=11 SIGIOT=12 SIGKILL=13 SIGPIPE=14 SIGPOLL=15 SIGPROF=16 SIGPWR=17 SIGQUIT=18 SIGSEGV=19 SIGSTKFLT=20 SIGSTOP=21 SIGSYS=22 SIGTERM=23 SIGTRAP=24 SIGTSTP=25 SIGTTIN=26 SIGTTOU=27 SIGURG=28 SIGUSR1=29 SIGUSR2=30 SIGVTALRM=31 SIGWINCH=32 SIGXCPU=33 SIGXFSZ=34 SIGRTMIN=35 SIGRTMINPLUS1=36 SIGRTMINPLUS2=37 SIGRTMINPLUS3=38 SIGRTMINPLUS4=39 SIGRTMINPLUS5=40 SIGRTMINPLUS6=41 SIGRTMINPLUS7=42 SIGRTMINPLUS8=43 SIGRTMINPLUS9=44 SIGRTMINPLUS10=45 SIGRTMINPLUS11=46 SIGRTMINPLUS12=47 SIGRTMINPLUS13=48 SIGRTMINPLUS14=49 SIGRTMINPLUS15=50 SIGRTMAXMINUS14=51 SIGRTMAXMINUS13=52 SIGRTMAXMINUS12=53 SIGRTMAXMINUS11=54 SIGRTMAXMINUS10=55 SIGRTMAXMINUS9=56 SIGRTMAXMINUS8=57 SIGRTMAXMINUS7=58 SIGRTMAXMINUS6=59 SIGRTMAXMINUS5=60 SIGRTMAXMINUS4=61 SIGRTMAXMINUS3=62 SIGRTMAXMINUS2=63 SIGRTMAXMINUS1=64 SIGRTMAX=65',
  'runtime.v1.ContainerState': 'CONTAINER_CREATED=0 CONTAINER_RUNNING=1 CONTAINER_EXITED=2 CONTAINER_UNKNOWN=3',
  'runtime.v1.ContainerEventType':
    'CONTAINER_CREATED_EVENT=0 CONTAINER_STARTED_EVENT=1 CONTAINER_STOPPED_EVENT=2 CONTAINER_DELETED_EVENT=3',
  'runtime.v1.CgroupDriver': 'SYSTEMD=0 CGROUPFS=1',
  'grpc.health.v1.HealthCheckResponse.ServingStatus': 'UNKNOWN=0 SERVING=1 NOT_SERVING=2 SERVICE_UNKNOWN=3',
};

/** `service/method request response`. */
export const methods: readonly string[] = [
  'runtime.v1.RuntimeService/Version VersionRequest VersionResponse',
  'runtime.v1.RuntimeService/RunPodSandbox RunPodSandboxRequest RunPodSandboxResponse',
  'runtime.v1.RuntimeService/StopPodSandbox StopPodSandboxRequest StopPodSandboxResponse',
  'runtime.v1.RuntimeService/RemovePodSandbox RemovePodSandboxRequest RemovePodSandboxResponse',
  'runtime.v1.RuntimeService/PodSandboxStatus PodSandboxStatusRequest PodSandboxStatusResponse',
  'runtime.v1.RuntimeService/ListPodSandbox ListPodSandboxRequest ListPodSandboxResponse',
  'runtime.v1.RuntimeService/CreateContainer CreateContainerRequest CreateContainerResponse',
  'runtime.v1.RuntimeService/StartContainer StartContainerRequest StartContainerResponse',
  'runtime.v1.RuntimeService/StopContainer StopContainerRequest StopContainerResponse',
  'runtime.v1.RuntimeService/RemoveContainer RemoveContainerRequest RemoveContainerResponse',
  'runtime.v1.RuntimeService/ListContainers ListContainersRequest ListContainersResponse',
  'runtime.v1.RuntimeService/ContainerStatus ContainerStatusRequest ContainerStatusResponse',
  'runtime.v1.RuntimeService/UpdateContainerResources UpdateContainerResourcesRequest UpdateContainerResourcesResponse',
  'runtime.v1.RuntimeService/ReopenContainerLog ReopenContainerLogRequest ReopenContainerLogResponse',
  'runtime.v1.RuntimeService/ExecSync ExecSyncRequest ExecSyncResponse',
  'runtime.v1.RuntimeService/ContainerStats ContainerStatsRequest ContainerStatsResponse',
  'runtime.v1.RuntimeService/ListContainerStats ListContainerStatsRequest ListContainerStatsResponse',
  'runtime.v1.RuntimeService/PodSandboxStats PodSandboxStatsRequest PodSandboxStatsResponse',
  'runtime.v1.RuntimeService/ListPodSandboxStats ListPodSandboxStatsRequest ListPodSandboxStatsResponse',
  'runtime.v1.RuntimeService/Status StatusRequest StatusResponse',
  'runtime.v1.RuntimeService/GetContainerEvents GetEventsRequest stream ContainerEventResponse',
  'runtime.v1.RuntimeService/RuntimeConfig RuntimeConfigRequest RuntimeConfigResponse',
  'runtime.v1.ImageService/ListImages ListImagesRequest ListImagesResponse',
  'runtime.v1.ImageService/ImageStatus ImageStatusRequest ImageStatusResponse',
  'runtime.v1.ImageService/PullImage PullImageRequest PullImageResponse',
  'runtime.v1.ImageService/RemoveImage RemoveImageRequest RemoveImageResponse',
  'runtime.v1.ImageService/ImageFsInfo ImageFsInfoRequest ImageFsInfoResponse',
  'containerd.services.events.v1.Events/Subscribe SubscribeRequest stream Envelope',
  'grpc.health.v1.Health/Check HealthCheckRequest HealthCheckResponse',
];
