import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { STYLE } from '../../../src/http/page/assets.ts';
import { wantsPage } from '../../../src/http/page/page.ts';
import { call, serve, type TestEndpoint } from '../endpoint.ts';
import { podView, published, SECRET, sampleMachine, samplePods, sampleProbes } from '../fixture.ts';
import { serveFull } from '../full.ts';
import { sampleUsage } from '../usage.ts';

const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

let endpoint: TestEndpoint;
before(async () => {
  endpoint = await serve(published(), {
    stats: { read: async () => sampleUsage() },
    machine: sampleMachine,
    probes: sampleProbes,
  });
});
after(() => endpoint.close());

const get = async (path: string) => {
  const answer = await call(endpoint, path, { headers: BROWSER });
  return { ...answer, words: answer.text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ') };
};

test('a browser gets a page, everybody else the list of paths', async () => {
  const cases: [string, boolean][] = [
    [BROWSER.Accept, true],
    ['text/html', true],
    ['*/*', false],
    ['application/json, text/html', false],
    ['', false],
  ];
  for (const [accept, expected] of cases) assert.equal(wantsPage(accept), expected, accept);
  assert.equal((await get('/')).headers['content-type'], 'text/html; charset=utf-8');
  assert.match((await call(endpoint, '/')).text, /^\/\n\/rower\/v1\/page.css\n/);
});

test('the page tells of the machine, its Pods, its manifests and what happened', async () => {
  const { status, words } = await get('/');
  assert.equal(status, 200);
  for (const text of [
    /node-1 Healthy PIDPressure : kubelet has insufficient PID available: pid\.available is below 5%/,
    /Agent rower [\d.]+, up 120m/,
    /Runtime containerd 1\.6\.20/,
    /System Debian GNU\/Linux 12 \(bookworm\), Linux 6\.1\.0, amd64/,
    /Addresses 192\.0\.2\.7/,
    /Manifests \/etc\/pods: 1 error/,
    /CPU 0\.70 of 2 cores/,
    /Memory 1\.0 GiB of 4\.0 GiB/,
    /Disk 16\.0 GiB of 32\.0 GiB/,
    /default web-node-1 2\/2 Running 2 \(12m ago\) 90m 10\.88\.0\.5 node-1/,
    /kube-system crash-node-1 0\/1 CrashLoopBackOff 7 \(4m ago\)/,
    /error \/etc\/pods\/broken\.yaml:4:7 spec\.containers\[0\]\.image Required value/,
    /held default\/web-node-1/,
    /0s \(×2\) Normal Started pod\/web-node-1 Started container main/,
  ]) {
    assert.match(words, text);
  }
});

test('Pods are filtered by what is shown of them, and by whether they need somebody', async () => {
  const rows = async (query: string) =>
    [...(await get(`/?${query}`)).text.matchAll(/<a href="\/\?pod=[^"]*">([^<]*)</g)].map(([, name]) => name);
  assert.deepEqual(await rows(''), ['boot-node-1', 'job-node-1', 'web-node-1', 'crash-node-1']);
  assert.deepEqual(await rows('q=KUBE-system'), ['crash-node-1']);
  assert.deepEqual(await rows('q=10.88.0.5'), ['web-node-1']);
  assert.deepEqual(await rows('problems=1'), ['boot-node-1', 'crash-node-1']);
  assert.match((await get('/?q=nothing')).words, /None of 4 Pods\./);
  assert.match((await get('/?q=%3Cscript%3E')).text, /value="&lt;script&gt;"/);
});

test('one Pod is told with its containers, conditions, events, YAML and commands', async () => {
  const { status, words } = await get('/?pod=default%2Fweb-node-1');
  assert.equal(status, 200);
  for (const text of [
    /web-node-1 Running/,
    /From \/etc\/pods\/web\.yaml/,
    /Sidecar setup/,
    /Container main/,
    /State running for 80m/,
    /Before ended 12m ago, exit code 1 \(Error\)/,
    /Restarts 2/,
    /Probes startup, httpGet: passed readiness, httpGet: success /,
    /Ports 18080 → 80\/TCP/,
    /Ready True 80m/,
    /Started container main/,
    /name: PASSWORD value: &lt;redacted&gt;/,
    /kubectl -s http:\/\/127\.0\.0\.1:\d+ -n default describe pod web-node-1/,
  ]) {
    assert.match(words, text);
  }
  assert.ok(!words.includes('tailLines'), 'no logs without login');
  assert.equal((await get('/?pod=default%2Fnope')).status, 404);
  assert.equal((await get('/?pod=__proto__')).status, 404);
});

test('a wait is told with what is left of it', async () => {
  const view = podView('a');
  const untilMs = endpoint.env.nowMs() + 90_000;
  const waits = [{ container: 'main', reason: 'CrashLoopBackOff', message: 'back-off 5m0s', untilMs }];
  const own = await serve(published([{ ...view, waits }]));
  try {
    const { text } = await call(own, '/?pod=default/a-node-1', { headers: BROWSER });
    assert.match(text, /CrashLoopBackOff<\/strong> main, 90s left<br>back-off 5m0s/);
  } finally {
    await own.close();
  }
});

test('neither page holds a secret, and a manifest cannot bring markup', async () => {
  for (const path of ['/', '/?pod=default%2Fweb-node-1']) assert.ok(!(await get(path)).text.includes(SECRET), path);
  const evil = '<img src=x onerror=alert(1)>';
  const status = { phase: 'Failed', reason: evil, message: evil };
  const own = await serve(published([podView('a', { status, labels: { a: evil } })]));
  try {
    for (const path of ['/', '/?pod=default/a-node-1', `/?q=${encodeURIComponent(evil)}`]) {
      const { text } = await call(own, path, { headers: BROWSER });
      assert.ok(!text.includes('<img'), path);
    }
  } finally {
    await own.close();
  }
});

test('the page needs nothing from elsewhere and says so', async () => {
  const { headers, text } = await get('/');
  assert.match(String(headers['content-security-policy']), /^default-src 'none'; style-src 'self'; script-src 'self'/);
  assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.doesNotMatch(text, /(?:src|href|action)="(?!\/|#)|style=|onclick|<script>/);
  const [, style = ''] = /href="([^"]+\.css)"/.exec(text) ?? [];
  const [, script = ''] = /src="([^"]+\.js)"/.exec(text) ?? [];
  assert.equal((await get(style)).headers['content-type'], 'text/css; charset=utf-8');
  const code = await get(script);
  assert.equal(code.headers['content-type'], 'text/javascript; charset=utf-8');
  assert.doesNotThrow(() => new Function(code.text));
  assert.doesNotMatch(code.text, /innerHTML\s*=(?!=)|document\.write|eval/);
});

test('those who logged in get links to logs', async () => {
  const full = await serveFull();
  try {
    const { text } = await full.get('/?pod=default%2Fsolo-node-1', { headers: BROWSER });
    const [, link = ''] =
      /href="([^"]*tailLines[^"]*)&amp;follow=true">follow/.exec(text.replaceAll('&follow', '&amp;follow')) ?? [];
    assert.equal((await full.get(link.replaceAll('&amp;', '&'))).text, 'alone\n');
    assert.match(text, /kubectl --kubeconfig \/etc\/rower\/kubeconfig -n default logs -f solo-node-1/);
  } finally {
    await full.close();
  }
});

test('a page is told of changes, once for all of a moment, and kept alive', async () => {
  const own = await serve(published(samplePods()));
  try {
    let heard = '';
    let changed = () => {};
    const until = async (text: string) => {
      while (!heard.includes(text)) await new Promise<void>((resolve) => (changed = resolve));
    };
    const type = await new Promise((resolve, reject) => {
      http
        .get(`${own.url}/rower/v1/live`, { agent: false }, (response) => {
          resolve(response.headers['content-type']);
          response.setEncoding('utf8').on('data', (text: string) => {
            heard += text;
            changed();
          });
        })
        .on('error', reject);
    });
    assert.equal(type, 'text/event-stream');
    await until('retry: 2000\n\n');
    own.publish(published([podView('a')]));
    own.publish(published([podView('a'), podView('b')]));
    own.env.advance(250);
    await until('event: change\ndata:\n\n');
    own.env.advance(20_000);
    await until(':\n\n');
    assert.equal(heard.match(/event: change/g)?.length, 1);
  } finally {
    await own.close();
  }
});

test('a Pod’s containers tell what they use and what their probes say', async () => {
  const { words, text } = await get('/?pod=default%2Fweb-node-1');
  for (const part of [
    /CPU 0\.25 cores/,
    /Memory 64\.0 MiB/,
    /startup, httpGet: passed/,
    /readiness, httpGet: success , 4s ago/,
    /liveness, httpGet: failure \(1 of 3 in a row\), 9s ago: HTTP probe failed with statuscode: 503 /,
  ])
    assert.match(words, part);
  assert.ok(!text.includes(SECRET));
});

test('where logs may be seen their end is on the page', async () => {
  const full = await serveFull();
  try {
    const show = async (query: string) => (await full.get(`/?pod=default%2F${query}`, { headers: BROWSER })).text;
    assert.match(await show('web-node-1&log=main'), /<pre class="log" [^>]*>one\ntwo\nthree\n<\/pre>/);
    assert.match(await show('loop-node-1&log=main&previous=1'), /Log of main, the run before[\s\S]*second life/);
    assert.match(await show('web-node-1&log=main&previous=1'), /previous terminated container .* not found/);
    assert.match(await show('web-node-1&log=..%2F..%2Fsecret'), /is not valid for pod web-node-1/);
    assert.match(await show('web-node-1'), /log=main#log">last 200 lines<\/a>/);
    assert.equal((await full.get('/?pod=default%2Fnope&log=main', { headers: BROWSER })).status, 404);
  } finally {
    await full.close();
  }
  // Not on the port without login.
  assert.ok(!(await get('/?pod=default%2Fweb-node-1&log=main')).text.includes('Log of main'));
});

test('every colour can be read on every ground, in light and in dark', () => {
  const luminance = (hex: string) => {
    const long = hex.length === 3 ? [...hex].map((digit) => digit + digit).join('') : hex;
    const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) => {
      const value = Number.parseInt(long.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const schemes = [...STYLE.matchAll(/:root\{([^}]*--fg[^}]*)\}/g)].map(
    ([, rules = '']) =>
      new Map([...rules.matchAll(/--(\w+):#([0-9a-f]+)/g)].map(([, name = '', hex = '']) => [name, hex])),
  );
  assert.equal(schemes.length, 2);
  for (const scheme of schemes) {
    for (const ground of ['bg', 'card']) {
      for (const name of ['fg', 'dim', 'good', 'wait', 'bad', 'link']) {
        const [a, b] = [name, ground].map((one) => luminance(scheme.get(one) ?? '')).sort((x, y) => y - x);
        const ratio = ((a ?? 0) + 0.05) / ((b ?? 0) + 0.05);
        // WCAG 2.2, success criterion 1.4.3.
        assert.ok(ratio >= 4.5, `${name} on ${ground}: ${ratio.toFixed(2)}`);
      }
    }
  }
});
