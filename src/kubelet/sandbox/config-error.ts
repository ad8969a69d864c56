/**
 * A Pod that cannot be turned into a runtime request. The message is the kubelet's own and fit for a status message;
 * of a container it becomes `CreateContainerConfigError`, of a sandbox the event `FailedCreatePodSandBox`.
 */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}
