/** Google Compute Engine. https://cloud.google.com/compute/docs/metadata/overview */
import { type FetchContext, MetadataError, type Payload, type Provider, present } from '../provider.ts';
import { ABSENT, type Service, statusError } from '../service.ts';
import { collect } from '../token.ts';
import { traceOfCloudInit } from './cloud-init.ts';
import { dmiReason, is, LINK_LOCAL } from './common.ts';

const ROOT = '/computeMetadata/v1/';
const FLAVOR = { 'metadata-flavor': 'Google' };
const PATHS = {
  instance_id: 'instance/id',
  instance_type: 'instance/machine-type',
  zone: 'instance/zone',
  hostname: 'instance/hostname',
  private_ipv4: 'instance/network-interfaces/0/ip',
  public_ipv4: 'instance/network-interfaces/0/access-configs/0/external-ip',
  project_id: 'project/project-id',
};
/** The first that is there counts; those of the instance go before those of the project. */
const MANIFEST_KEYS = ['kube-pods', 'user-data', 'gce-container-declaration'];
const WAIT_SECONDS = 60;
const WAIT_TIMEOUT_MS = 70_000;

export const gce: Provider = {
  name: 'gce',
  title: 'Google Compute Engine',
  detect: (machine) =>
    dmiReason(machine, [
      ['product_name', is('Google Compute Engine', 'Google')],
      ['product_serial', (value) => value.startsWith('GoogleCloud-')],
    ]),
  bases: () => [LINK_LOCAL],
  fetch: async ({ service, machine }) => {
    const cloudInit = (await traceOfCloudInit(machine)) !== undefined;
    const text = async (path: string) => decoded(await read(service, path));
    const values = await collect(text, ROOT, PATHS);
    // `projects/123/zones/europe-west1-b`
    const [zone, instanceType] = [lastPart(values.zone), lastPart(values.instance_type)];
    const payloads: Payload[] = [];
    for (const holder of ['instance', 'project']) {
      for (const key of MANIFEST_KEYS) {
        const path = `${holder}/attributes/${key}`;
        const bytes = await read(service, `${ROOT}${path}`);
        if (bytes === undefined) continue;
        const encoding = key === 'user-data' ? await text(`${ROOT}${path}-encoding`) : undefined;
        payloads.push({
          name: path,
          bytes,
          base64: encoding?.toLowerCase() === 'base64',
          ...(cloudInit && key === 'user-data' && { cloudInitToo: true }),
        });
      }
    }
    return {
      ...(values.instance_id !== undefined && { instanceId: values.instance_id }),
      payloads,
      attributes: present({ ...values, zone, region: zone?.replace(/-[^-]*$/, ''), instance_type: instanceType }),
    };
  },
  waitForChange: async ({ service }: FetchContext, last = 'NONE') => {
    const query = `recursive=true&alt=json&wait_for_change=true&last_etag=${encodeURIComponent(last)}&timeout_sec=${WAIT_SECONDS}`;
    const path = `${ROOT}instance/attributes/?${query}`;
    const answer = await service.ask(path, { headers: FLAVOR, timeoutMs: WAIT_TIMEOUT_MS });
    if (answer.status !== 200) throw statusError(answer);
    return answer.headers.etag ?? last;
  },
};

async function read(service: Service, path: string): Promise<Uint8Array | undefined> {
  const answer = await service.ask(path, { headers: FLAVOR });
  if (answer.headers['metadata-flavor'] !== 'Google')
    throw new MetadataError(`${path}: what answers is not Google's metadata service (no Metadata-Flavor)`, {
      kind: 'identity',
    });
  if (answer.status === 200) return answer.body;
  if (ABSENT.has(answer.status)) return undefined;
  throw statusError(answer);
}

function decoded(bytes: Uint8Array | undefined): string | undefined {
  return bytes && (Buffer.from(bytes).toString('utf8').trim() || undefined);
}

function lastPart(path: string | undefined): string | undefined {
  return path?.split('/').at(-1);
}
