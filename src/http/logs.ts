/** Container logs over HTTP: the API's `…/pods/NAME/log` and the kubelet's `/containerLogs/NAMESPACE/NAME/CONTAINER`. */
import { basename, join } from 'node:path';
import { type Cri, CriError } from '../cri/port.ts';
import type { Env } from '../kubelet/env.ts';
import { chooseLog } from '../kubelet/logs/choose.ts';
import { type LogOptions, openLog } from '../kubelet/logs/open-log.ts';
import type { Published } from '../kubelet/published.ts';
import type { Pod } from '../kubelet/types.ts';
import { chooseContainer, type LogQuery, parseLogQuery, statusOf } from './log-request.ts';
import { type Reply, type Request, type Sink, type StreamReply, text } from './message.ts';
import { ApiError, badRequest, notFound, tooManyRequests, unavailable } from './status.ts';
import type { FullView, View } from './view.ts';

const MAX_FOLLOWERS = 32;
const MAX_SHOWN_BYTES = 256 * 1024;

export interface LogsOptions {
  readonly env: Env;
  readonly cri: Pick<Cri, 'containerStatus'>;
}

/** The logs that are being sent. */
export class Logs {
  readonly #o: LogsOptions;
  readonly #open = new Set<Sink>();
  #followers = 0;

  constructor(options: LogsOptions) {
    this.#o = options;
  }

  async #options(pod: Pod, container: string, query: LogQuery, { node }: Published): Promise<LogOptions> {
    const { name, namespace, uid } = pod.metadata;
    const status = statusOf(pod, container);
    if (!status) throw badRequest(`container "${container}" in pod "${name}" is not available`);
    const choice = chooseLog(name, status, query.previous);
    if ('problem' in choice) throw badRequest(choice.problem);
    return {
      ...query.format,
      env: this.#o.env,
      directory: join(node.podLogsDir, `${namespace}_${name}_${uid}`, container),
      attempt: await this.#attempt(choice.containerId, name, container),
      ...(query.tailLines !== undefined && { tailLines: query.tailLines }),
      ...(query.follow && { follow: { isRunning: () => this.#isRunning(choice.containerId) } }),
    };
  }

  /** Throws ApiError when there is no such log. */
  async reply(pod: Pod, container: string, query: LogQuery, published: Published): Promise<StreamReply> {
    const options = await this.#options(pod, container, query, published);
    if (query.follow && this.#followers >= MAX_FOLLOWERS)
      throw tooManyRequests(`${MAX_FOLLOWERS} logs are being followed already: try again later`);
    return {
      status: 200,
      headers: { 'Content-Type': 'text/plain' },
      start: (sink) => void this.#send(sink, options),
    };
  }

  /** The last lines as text, at most MAX_SHOWN_BYTES of their end. Throws ApiError when there is no such log. */
  async tail(
    pod: Pod,
    container: string,
    { isPrevious, lines }: { isPrevious: boolean; lines: number },
    published: Published,
  ): Promise<string> {
    const query: LogQuery = { previous: isPrevious, follow: false, tailLines: lines, format: { timestamps: false } };
    const options = await this.#options(pod, chooseContainer(pod, container), query, published);
    let end: Buffer = Buffer.alloc(0);
    for await (const chunk of openLog(options)) end = Buffer.concat([end, chunk]).subarray(-MAX_SHOWN_BYTES);
    return end.toString();
  }

  /** Ends every log in order. */
  close(): void {
    for (const sink of this.#open) sink.end();
  }

  /** From the runtime's own path: ours are named by attempt. */
  async #attempt(id: string, pod: string, container: string): Promise<number> {
    try {
      const { logPath } = await this.#o.cri.containerStatus(id);
      const number = /^(\d{1,9})\.log$/.exec(basename(logPath))?.[1];
      if (number !== undefined) return Number(number);
    } catch (error) {
      if (!(error instanceof CriError)) throw error;
      if (error.code !== 'not-found') throw unavailable(`the container runtime does not answer: ${error.message}`);
    }
    throw badRequest(`the log of container "${container}" in pod "${pod}" is gone: the runtime knows it no more`);
  }

  /** As long as the runtime cannot be asked it may run. */
  async #isRunning(id: string): Promise<boolean> {
    try {
      return (await this.#o.cri.containerStatus(id)).state === 'running';
    } catch (error) {
      return !(error instanceof CriError && error.code === 'not-found');
    }
  }

  async #send(sink: Sink, options: LogOptions): Promise<void> {
    const gone = new AbortController();
    const weight = options.follow ? 1 : 0;
    this.#followers += weight;
    this.#open.add(sink);
    sink.onClose(() => {
      this.#followers -= weight;
      this.#open.delete(sink);
      gone.abort();
    });
    try {
      for await (const chunk of openLog({ ...options, signal: gone.signal })) {
        sink.write(chunk);
        await sink.drained();
      }
      sink.end();
    } catch (error) {
      this.#o.env.log.warn({ error: String(error), directory: options.directory }, 'a log could not be read');
      sink.destroy();
    }
  }
}

/** `/api/v1/namespaces/NAMESPACE/pods/NAME/log`. */
export function podLog(request: Request, view: View, { logs }: FullView): Promise<StreamReply> {
  const { namespace = '', name = '' } = request.params;
  const pod = findPod(view.published, namespace, name);
  if (!pod) throw notFound('pods', name);
  const query = parseLogQuery(request.query, name, view.nowMs);
  return logs.reply(pod, chooseContainer(pod, request.query.get('container') ?? ''), query, view.published);
}

/** `/containerLogs/NAMESPACE/NAME/CONTAINER`: the same in the kubelet's plain words. */
export async function containerLog(request: Request, view: View, { logs }: FullView): Promise<Reply | StreamReply> {
  const { namespace = '', name = '', container = '' } = request.params;
  const pod = findPod(view.published, namespace, name);
  if (!pod) return text(`pod "${name}" does not exist\n`, 404);
  try {
    chooseContainer(pod, container);
  } catch {
    return text(`container "${container}" not found in pod "${name}"\n`, 404);
  }
  try {
    return await logs.reply(pod, container, parseLogQuery(request.query, name, view.nowMs), view.published);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { code, message, headers } = error;
    return text(code === 422 ? '{"message": "Invalid request."}' : `${message}\n`, code, headers);
  }
}

function findPod({ pods }: Published, namespace: string, name: string): Pod | undefined {
  return pods.find(({ pod }) => pod.metadata.namespace === namespace && pod.metadata.name === name)?.pod;
}
