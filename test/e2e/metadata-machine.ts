/** Runs inside a network namespace of its own: metadata services at their real addresses, asked as on their clouds. */
import http from 'node:http';
import process from 'node:process';
import { machineAt } from '../../src/metadata/machine.ts';
import { obtain } from '../../src/metadata/obtain.ts';
import { parseSelection } from '../../src/metadata/select.ts';
import { realEnv } from '../../src/real-env.ts';

const [provider = '', address = '', role = ''] = process.argv.slice(2);
const POD = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n';
const USER_DATA = ['/latest/user-data', '/hetzner/v1/userdata', '/user_data/cloud-init'];
const ENCODED = Buffer.from(POD).toString('base64');
const TOKENS = ['/latest/api/token', '/v1/token'];
const DOCUMENTS = ['/conf?format=json', '/v1/instance', '/v1/network'];
const peers: { address: string; port: number }[] = [];

const server = http.createServer((request, response) => {
  const { remoteAddress = '', remotePort = 0 } = request.socket;
  peers.push({ address: remoteAddress, port: remotePort });
  const { url = '' } = request;
  if (TOKENS.includes(url)) response.end('T');
  else if (DOCUMENTS.includes(url)) response.end('{}');
  else if (USER_DATA.includes(url)) response.end(POD);
  else if (url === '/v1/user-data') response.end(ENCODED);
  else if (url === '/opc/v2/instance/') response.end(JSON.stringify({ metadata: { user_data: ENCODED } }));
  else {
    response.statusCode = 404;
    response.end();
  }
});
/** What comes of asking: the outcome, or why there is none. */
async function ask(): Promise<object> {
  const quiet = () => {};
  const env = realEnv({ debug: quiet, info: quiet, warn: quiet, error: quiet });
  const candidate = parseSelection(provider).candidates[0];
  if (!candidate) throw new Error('name a provider');
  // The firmware is that of the machine under test, which is of no cloud.
  const machine = { ...machineAt('/'), dmi: async () => '' };
  const { signal } = new AbortController();
  const options = { candidate, machine, nodeName: 'node', manifestDirectory: '/etc/pods', env, signal };
  return obtain(options).then(
    ({ outcome }) => ({ outcome, peer: peers.at(-1) }),
    (error: Error) => ({ error: error.message }),
  );
}

/** `PROVIDER ADDRESS`: both ends here. `PROVIDER ADDRESS serve`, `PROVIDER ADDRESS ask`: one of them. */
if (import.meta.main) {
  const tell = async () => console.log(JSON.stringify(await ask()));
  if (role === 'ask') await tell();
  else
    server.listen({ host: address, port: 80 }, async () => {
      if (role === 'serve') return console.log('ready');
      await tell();
      server.close();
    });
}
