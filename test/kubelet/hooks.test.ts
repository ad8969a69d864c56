import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { after, describe, it } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import { type Cri, CriError } from '../../src/cri/port.ts';
import { selfSigned } from '../../src/http/certificate.ts';
import type { Env } from '../../src/kubelet/env.ts';
import { type Hook, realHooks } from '../../src/kubelet/hooks.ts';
import type { LifecycleHandler } from '../../src/kubelet/types.ts';
import { container, revision } from './build.ts';

type Serve = (request: IncomingMessage, response: ServerResponse) => void;

async function server(serve: Serve, secure = false): Promise<{ port: number; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const handle: Serve = (request, response) => {
    requests.push(request);
    serve(request, response);
  };
  const made = secure ? createSecureServer(selfSigned('hook', [], ['127.0.0.1']), handle) : createServer(handle);
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  after(() => {
    made.closeAllConnections();
    made.close();
  });
  return { port: (made.address() as { port: number }).port, requests };
}

const ok: Serve = (_, response) => response.end('fine');
const NOT_CALLED = async () => assert.fail('not called');

function hooks(execSync: Partial<Cri>['execSync'] = NOT_CALLED) {
  const events: string[] = [];
  const delaysMs: number[] = [];
  const real = realEnv();
  const after: Env['after'] = (ms, fn) => {
    delaysMs.push(ms);
    // What takes long here takes a moment.
    return real.after(ms < 1000 ? ms : ms / 1000, fn);
  };
  const run = realHooks({
    env: { ...real, after },
    cri: { execSync } as Partial<Cri> as Cri,
    record: (object, type, reason, message) => events.push(`${object.name} ${type} ${reason}: ${message}`),
  });
  return {
    events,
    delaysMs,
    run: (handler: LifecycleHandler, change: Partial<Hook> = {}) => {
      const { pod } = revision();
      return run({
        hook: 'preStop',
        containerId: 'c1',
        pod,
        container: container(),
        handler,
        podIp: undefined,
        ...change,
      });
    },
  };
}

describe('a hook with a command', () => {
  const answer = (exitCode: number) => async () => ({
    exitCode,
    stdout: Buffer.from('out '),
    stderr: Buffer.from('err'),
  });

  it('runs it in the container, within its time', async () => {
    const calls: unknown[] = [];
    const { run } = hooks(async (...call) => {
      calls.push(call.slice(0, 3));
      return answer(0)();
    });
    await run({ exec: { command: ['a', 'b'] } }, { timeoutMs: 2400 });
    await run({ exec: { command: [] } });
    assert.deepEqual(calls, [
      ['c1', ['a', 'b'], 3],
      ['c1', [], 0],
    ]);
  });

  it('fails with what the command wrote', async () => {
    await assert.rejects(hooks(answer(7)).run({ exec: { command: ['a'] } }), {
      message: 'command ["a"] exited with 7: out err',
    });
  });

  it('has not ended in time when it was cut off', async () => {
    const { run } = hooks(
      (_id, _command, _timeout, signal) =>
        new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(new CriError('cancelled', 'ExecSync', 'cancelled'))),
        ),
    );
    await assert.rejects(run({ exec: { command: ['hang'] } }, { timeoutMs: 20 }), /did not end within its 0 s/);
  });

  it('fails as the runtime does', async () => {
    const away = new CriError('unavailable', 'ExecSync', 'away');
    await assert.rejects(hooks(() => Promise.reject(away)).run({ exec: {} }), away);
  });
});

describe('a hook with a request', () => {
  it('asks the Pod for the path, on a port by number or name, in the name of the kubelet', async () => {
    const { port, requests } = await server(ok);
    const named = container({ ports: [{ name: 'web', containerPort: port, protocol: 'TCP' }] });
    const headers = [
      { name: 'x-one', value: '1' },
      { name: 'X-One', value: '2' },
    ];
    await hooks().run(
      { httpGet: { port: 'web', path: '/bye?x=1', httpHeaders: headers } },
      { container: named, podIp: '127.0.0.1' },
    );
    await hooks().run({ httpGet: { port, host: '127.0.0.1', httpHeaders: [{ name: 'user-agent', value: 'mine' }] } });
    const [first, second] = requests;
    assert.deepEqual(
      [first?.method, first?.url, first?.headers['user-agent']],
      ['GET', '/bye?x=1', 'kube-lifecycle/1.32'],
    );
    assert.equal(first?.headers['x-one'], '1, 2');
    assert.deepEqual([second?.url, second?.headers['user-agent']], ['/', 'mine']);
  });

  it('takes any answer for a success, and as much of it as it needs', async () => {
    const { port } = await server((_, response) => {
      response.writeHead(500);
      const flood = () => {
        while (response.write('x'.repeat(10_000)));
        response.once('drain', flood);
      };
      flood();
    });
    await hooks().run({ httpGet: { port } });
  });

  it('follows redirects within the host, ten at most, and no others', async () => {
    const other = await server(ok);
    const { port, requests } = await server((request, response) => {
      const [, step] = request.url?.split('/') ?? [];
      const to = { once: '/end', out: `http://localhost:${other.port}/`, round: '/round', end: '' }[step ?? ''] ?? '';
      response.writeHead(to ? 302 : 200, to ? { location: to } : {}).end();
    });
    const urls = () => requests.splice(0).map((request) => request.url);
    await hooks().run({ httpGet: { port, path: '/once' } });
    assert.deepEqual(urls(), ['/once', '/end']);
    await hooks().run({ httpGet: { port, path: '/out' } });
    assert.deepEqual([urls(), other.requests.length], [['/out'], 0]);
    await assert.rejects(hooks().run({ httpGet: { port, path: '/round' } }), /stopped after 10 redirects/);
  });

  it('speaks HTTPS with anybody, and plain HTTP where that is what answers', async () => {
    const secure = await server(ok, true);
    await hooks().run({ httpGet: { port: secure.port, scheme: 'HTTPS' } });
    assert.equal(secure.requests.length, 1);
    const plain = await server(ok);
    const { run, events } = hooks();
    await run({ httpGet: { port: plain.port, scheme: 'HTTPS', httpHeaders: [{ name: 'Authorization', value: 'x' }] } });
    assert.equal(plain.requests[0]?.headers.authorization, undefined);
    assert.deepEqual(events, [
      `web-n1 Warning LifecycleHTTPFallback: request to HTTPS lifecycle hook 127.0.0.1:${plain.port} got HTTP response, retry with HTTP succeeded`,
    ]);
  });

  it('fails when nobody is there, when the port has no name, and when the answer does not come in time', async () => {
    await assert.rejects(hooks().run({ httpGet: { port: 1 } }), /ECONNREFUSED/);
    await assert.rejects(hooks().run({ httpGet: { port: 'nope' } }), /"nope"/);
    const { port } = await server(() => {});
    await assert.rejects(hooks().run({ httpGet: { port } }, { timeoutMs: 30 }), /did not end within/);
  });
});

describe('other hooks', () => {
  it('that sleep take their time, and are cut at their limit', async () => {
    const { run, delaysMs } = hooks();
    await run({ sleep: { seconds: 7 } });
    assert.deepEqual(delaysMs, [7000]);
    await assert.rejects(run({ sleep: { seconds: 1000 } }, { timeoutMs: 0 }), /did not end within/);
  });

  it('that ask for a connection fail, as they do in Kubernetes', async () => {
    await assert.rejects(hooks().run({ tcpSocket: { port: 1 } }), /invalid handler: tcpSocket/);
  });
});
