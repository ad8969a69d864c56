/** Metrics of the machine's metadata, from `Published`; none where metadata is off. */
import { METADATA_ERROR_KINDS, type MetadataView } from '../kubelet/metadata-view.ts';
import type { Define } from './state-metrics.ts';

export function defineMetadataMetrics(define: Define): void {
  /** One value per provider, when it has one. */
  const perProvider = (
    type: 'gauge' | 'counter',
    name: string,
    help: string,
    value: (view: MetadataView) => number | undefined,
  ) =>
    define(type, name, help, ({ metadata }) => {
      const found = metadata?.provider === undefined ? undefined : value(metadata);
      return found === undefined ? [] : [{ labels: { provider: metadata?.provider ?? '' }, value: found }];
    });
  const seconds = (atMs: number | undefined) => (atMs === undefined ? undefined : atMs / 1000);

  perProvider(
    'gauge',
    'rower_metadata_up',
    'Whether the last question to the metadata provider was answered with something that is taken.',
    ({ state }) => (state === 'current' ? 1 : 0),
  );
  perProvider(
    'counter',
    'rower_metadata_requests_total',
    'How often the metadata was asked for.',
    ({ asked }) => asked,
  );
  define(
    'counter',
    'rower_metadata_errors_total',
    'Failed attempts to get metadata, and user-data that was refused, by kind.',
    ({ metadata }) =>
      metadata?.provider === undefined
        ? []
        : METADATA_ERROR_KINDS.map((kind) => ({
            labels: { provider: metadata.provider ?? '', kind },
            value: metadata.errors[kind] ?? 0,
          })),
  );
  perProvider(
    'gauge',
    'rower_metadata_last_success_timestamp_seconds',
    'When the metadata was last had and taken, seconds since the epoch.',
    ({ lastSuccessAtMs }) => seconds(lastSuccessAtMs),
  );
  perProvider(
    'gauge',
    'rower_metadata_user_data_changed_timestamp_seconds',
    'When the user-data was first seen as it is now, seconds since the epoch.',
    ({ changedAtMs }) => seconds(changedAtMs),
  );
  define(
    'gauge',
    'rower_metadata_info',
    'The provider, the instance, what the user-data is and the beginning of its SHA-256; always 1.',
    ({ metadata }) =>
      metadata?.provider === undefined
        ? []
        : [
            {
              labels: {
                provider: metadata.provider,
                instance_id: metadata.instanceId ?? '',
                outcome: metadata.outcome ?? '',
                sha256: metadata.userDataSha256 ?? '',
              },
              value: 1,
            },
          ],
  );
  perProvider('gauge', 'rower_metadata_manifests', 'Manifests in use that came from metadata.', ({ files }) => files);
  define('gauge', 'rower_metadata_documents', 'Pods and other documents in these manifests.', ({ metadata }) =>
    metadata?.provider === undefined
      ? []
      : [
          { labels: { provider: metadata.provider, kind: 'Pod' }, value: metadata.pods },
          { labels: { provider: metadata.provider, kind: 'other' }, value: metadata.documents },
        ],
  );
  define('gauge', 'rower_metadata_problems', 'What is wrong with the user-data, by severity.', ({ metadata }) =>
    metadata?.provider === undefined
      ? []
      : ['error', 'warning'].map((severity) => ({
          labels: { provider: metadata.provider ?? '', severity },
          value: metadata.problems.filter((problem) => problem.severity === severity).length,
        })),
  );
}
