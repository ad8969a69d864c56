/**
 * The page in a real browser: Debian's Chromium, headless. Not a part of `npm test`, since the browser is a large
 * download; `npm run test:browser` installs it and runs this. With SCREENSHOTS=1 the pictures in docs are made anew.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { serve, type TestEndpoint } from '../http/endpoint.ts';
import { podView, published, samplePods, sampleProbes } from '../http/fixture.ts';
import { sampleUsage } from '../http/usage.ts';

const CHROMIUM = '/usr/bin/chromium';
const PICTURES = fileURLToPath(new URL('../../docs/images/', import.meta.url));

let browser: Browser;
let context: BrowserContext;
let endpoint: TestEndpoint;
let page: Page;
/** What the browser complained about. */
let complaints: string[];

before(async () => {
  assert.ok(existsSync(CHROMIUM), `there is no ${CHROMIUM}: run npm run test:browser`);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});
after(() => browser?.close());
beforeEach(async () => {
  endpoint = await serve(published(), { stats: { read: async () => sampleUsage() }, probes: sampleProbes });
  await open();
});
afterEach(async () => {
  await context.close();
  await closeEndpoint();
  assert.deepEqual(complaints, []);
});

/** A browser may hold a connection that it has not used yet: those are cut when the time for closing is over. */
async function closeEndpoint(): Promise<void> {
  const closed = endpoint.close();
  endpoint.env.advance(1000);
  await closed;
}

async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
  await context?.close().catch(() => undefined);
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  page = await context.newPage();
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${endpoint.url}/`)) complaints.push(`asked ${request.url()}`);
  });
  await page.goto(endpoint.url);
}

const names = () => page.locator('#pods tbody a').allTextContents();
/** The script follows changes from here on. */
const followed = async () => {
  while (!endpoint.observed.some(({ pattern }) => pattern === '/rower/v1/page.js')) await page.waitForTimeout(20);
  await page.waitForLoadState('load');
};
const changed = async (pods: Parameters<typeof published>[0]) => {
  endpoint.publish(published(pods));
  endpoint.env.advance(300);
};

async function picture(name: string): Promise<void> {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${PICTURES}${name}.png`, fullPage: true });
}

test('the page shows the machine and its Pods, and asks nobody else', async () => {
  assert.equal(await page.title(), 'node-1 - Rower');
  assert.deepEqual(await names(), ['boot-node-1', 'job-node-1', 'web-node-1', 'crash-node-1']);
  assert.equal(await page.locator('meter').count(), 3);
  await picture('page');
});

test('a change shows by itself, and what one does meanwhile stays', async () => {
  await followed();
  await page.locator('#pods a', { hasText: 'web-node-1' }).focus();
  await changed([...samplePods(), podView('new')]);
  await page.locator('#pods a', { hasText: 'new-node-1' }).waitFor();
  assert.equal(await page.evaluate('document.activeElement?.textContent'), 'web-node-1');
});

test('the filter works while one types, and its state is in the address', async () => {
  await followed();
  await page.keyboard.press('/');
  await page.keyboard.type('crash');
  await page.waitForFunction("document.querySelectorAll('#pods tbody tr').length === 1");
  assert.deepEqual(await names(), ['crash-node-1']);
  assert.equal(new URL(page.url()).search, '?q=crash');
  await page.getByRole('searchbox').fill('');
  await page.getByLabel('only problems').check();
  await page.waitForFunction("document.querySelectorAll('#pods tbody tr').length === 2");
  assert.equal(new URL(page.url()).search, '?problems=1');
});

test('a Pod is reached and left by the keyboard alone', async () => {
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement?.textContent'), 'To the content');
  await page.locator('#pods a', { hasText: 'web-node-1' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'web-node-1', level: 1 }).waitFor();
  await picture('pod');
  await page.locator('summary').focus();
  await page.keyboard.press('Enter');
  await page.getByText('kind: Pod').waitFor();
  await page.getByRole('link', { name: 'All Pods' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Events' }).waitFor();
});

test('everything that can be used has a name, and headings are in order', async () => {
  for (const path of ['', '/?pod=default%2Fweb-node-1']) {
    await page.goto(endpoint.url + path);
    const unnamed = await page.evaluate<
      string[]
    >(`[...document.querySelectorAll('a,button,input,summary,meter,[role=log]')]
      .filter((one) => !(one.getAttribute('aria-label') || one.closest('label')?.textContent || one.textContent).trim())
      .map((one) => one.outerHTML)`);
    assert.deepEqual(unnamed, []);
    const levels = await page.evaluate<number[]>(
      "[...document.querySelectorAll('h1,h2,h3')].map((one) => Number(one.tagName[1]))",
    );
    assert.equal(levels[0], 1);
    for (const [index, level] of levels.entries()) assert.ok(level <= (levels[index - 1] ?? 0) + 1, String(levels));
    assert.equal(await page.evaluate('document.documentElement.lang'), 'en');
    assert.equal(await page.locator('table th:not([scope])').count(), 0);
  }
});

test('it works without JavaScript', async () => {
  await open({ javaScriptEnabled: false });
  assert.equal((await names()).length, 4);
  await page.getByRole('searchbox').fill('crash');
  await page.getByRole('button', { name: 'Filter' }).click();
  assert.deepEqual(await names(), ['crash-node-1']);
});

test('it fits a phone and follows the wish for dark', async () => {
  const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
  const light = await background();
  await open({ viewport: { width: 375, height: 700 }, colorScheme: 'dark', isMobile: true });
  assert.notEqual(await background(), light);
  const [width, visible] = await page.evaluate<number[]>('[document.documentElement.scrollWidth, window.innerWidth]');
  assert.ok((width ?? 0) <= (visible ?? 0), `${width} in ${visible}`);
  await picture('page-phone-dark');
});

test('when the agent goes away the page says since when', async () => {
  await followed();
  await closeEndpoint();
  await page.getByText(/Not up to date since .*: the agent does not answer\./).waitFor();
  // The refused connection is what this is about.
  complaints = [];
});
