/** The settings that a SIGHUP may change, as views of the configuration: whoever uses one reads it here each time. */
import os from 'node:os';
import type { Config } from './config/types.ts';
import type { KubeletSettings } from './kubelet/dispatch.ts';
import type { GcSettings } from './kubelet/images/gc-plan.ts';
import type { RotationSettings } from './kubelet/logs/rotate.ts';

export interface LiveSettings {
  readonly kubelet: KubeletSettings;
  readonly imageGc: GcSettings;
  readonly rotation: RotationSettings;
  readonly sources: { readonly fileCheckMs: number; readonly httpCheckMs: number };
  readonly resolvConf: string;
}

/** `config` is changed in place by a reload; what is given here follows it. */
export function liveSettings(config: Config): LiveSettings {
  return {
    kubelet: {
      get maxPods() {
        return config.maxPods;
      },
      get maxContainerRestartPeriodMs() {
        return config.maxContainerRestartPeriodMs;
      },
      get maxParallelImagePulls() {
        return config.maxParallelImagePulls;
      },
      startConcurrency: 2 * os.availableParallelism(),
    },
    imageGc: {
      get highPercent() {
        return config.imageGCHighThresholdPercent;
      },
      get lowPercent() {
        return config.imageGCLowThresholdPercent;
      },
      get minAgeMs() {
        return config.imageMinimumGCAgeMs;
      },
      get maxAgeMs() {
        return config.imageMaximumGCAgeMs;
      },
    },
    rotation: {
      get maxSizeBytes() {
        return config.containerLogMaxSizeBytes;
      },
      get maxFiles() {
        return config.containerLogMaxFiles;
      },
      get intervalMs() {
        return config.containerLogMonitorIntervalMs;
      },
    },
    sources: {
      get fileCheckMs() {
        return config.fileCheckFrequencyMs;
      },
      get httpCheckMs() {
        return config.httpCheckFrequencyMs;
      },
    },
    get resolvConf() {
      return config.resolvConf;
    },
  };
}
