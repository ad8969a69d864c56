/** Parts of packages that the agent never calls are left out of its bundle: their code would stay in memory. */
import type { Plugin } from 'esbuild';

interface Trim {
  /** Of the package's files that are replaced. */
  readonly files: RegExp;
  /** CommonJS, instead of what is there. */
  readonly contents: string;
}

/** May be looked at, set up and registered, but says so when it is used. */
const UNUSED = `
const unused = (name) => function () { throw new Error(name + ' is not in this bundle: see hack/build-trim.ts'); };
module.exports = new Proxy({ setup() {}, registerAdminService() {} }, { get: (all, name) => (name in all ? all[name] : unused(String(name))) });
`;

const TRIMS: readonly Trim[] = [
  // The agent is a client of unix sockets: no server, no names to resolve, no balancing over several addresses, no proxy.
  {
    files:
      /grpc-js\/build\/src\/(server|server-interceptors|server-credentials|server-call|load-balancer-(outlier-detection|weighted-round-robin|round-robin)|orca|certificate-provider|admin|resolver-(dns|ip))\.js$/,
    contents: UNUSED,
  },
  // Metrics of several processes, pushed metrics, metrics of the process that cost much, quantiles, exemplars of traces.
  { files: /prom-client\/lib\/(cluster|pushgateway|defaultMetrics|summary)\.js$/, contents: UNUSED },
  { files: /@opentelemetry\/api\/build\/.*\/?index\.js$/, contents: UNUSED },
  // Logs go to standard output in the agent's own thread.
  { files: /thread-stream\/index\.js$/, contents: UNUSED },
];

export const trim: Plugin = {
  name: 'trim',
  setup({ onLoad }) {
    for (const { files, contents } of TRIMS) onLoad({ filter: files }, () => ({ contents, loader: 'js' }));
  },
};
