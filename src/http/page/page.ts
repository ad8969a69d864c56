/** The one page, for people: `/` for a browser. Complete without its script, which only keeps it up to date. */
import type { Reply, Request } from '../message.ts';
import type { Usage } from '../stats.ts';
import { ApiError } from '../status.ts';
import type { View } from '../view.ts';
import { SCRIPT, STYLE } from './assets.ts';
import { type Html, html } from './html.ts';
import { eventTable, filterForm, machine, manifestProblems, podTable } from './overview.ts';
import { type LogShown, podDetails, TAIL_LINES } from './pod-details.ts';

const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export const STYLE_PATH = '/rower/v1/page.css';
export const SCRIPT_PATH = '/rower/v1/page.js';

/** Whether the Accept header asks for a page before anything else, as browsers do and nobody else. */
export function wantsPage(accept: string): boolean {
  return /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(accept);
}

export async function page({ query }: Request, view: View): Promise<Reply> {
  const key = query.get('pod');
  if (key !== null) {
    const [used, log] = await Promise.all([usageOf(view), logShown(query, key, view)]);
    const details = podDetails(view, key, used, log);
    const missing = html`<h1>No such Pod</h1><p>There is no Pod ${key}. <a href="/">All Pods</a></p>`;
    return document(key, details ? 200 : 404, live('pod', details ?? missing));
  }
  const filter = { text: query.get('q') ?? '', onlyProblems: query.get('problems') === '1' };
  const usage = await usageOf(view);
  const body = html`${live('machine', machine(view, usage))}
<h2>Pods</h2>${filterForm(filter)}${live('pods', podTable(view, filter))}
${live('problems', manifestProblems(view) ?? html``)}
<h2>Events</h2>${live('events', eventTable(view))}`;
  return document(view.published.node.name, 200, body);
}

/** Without what a runtime that is away does not tell. */
async function usageOf({ stats }: View): Promise<Usage | undefined> {
  return stats?.read(true).catch(() => undefined);
}

/** The end of the log that `?log=CONTAINER` asks for, where logs may be seen. */
async function logShown(query: URLSearchParams, key: string, view: View): Promise<LogShown | undefined> {
  const container = query.get('log');
  const pod = view.published.pods.find((one) => one.key === key)?.pod;
  if (container === null || !pod || !view.full) return undefined;
  const isPrevious = query.get('previous') === '1';
  try {
    const text = await view.full.logs.tail(pod, container, { isPrevious, lines: TAIL_LINES }, view.published);
    return { container, isPrevious, text };
  } catch (error) {
    if (error instanceof ApiError) return { container, isPrevious, text: '', problem: error.message };
    throw error;
  }
}

/** A part that the script keeps up to date. */
function live(id: string, content: Html): Html {
  return html`<section id="${id}" data-live>${content}</section>`;
}

function document(title: string, status: number, body: Html): Reply {
  const text = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title} - Rower</title><meta name="viewport" content="width=device-width"><link rel="stylesheet" href="${STYLE_PATH}"><script src="${SCRIPT_PATH}" defer></script></head>
<body><a class="skip" href="#main">To the content</a><div id="stale" role="status" hidden></div><main id="main">
${body}
</main></body></html>
`;
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': POLICY,
    'Referrer-Policy': 'no-referrer',
    'X-Frame-Options': 'DENY',
  };
  return { status, headers, body: text.toString() };
}

export function style(): Reply {
  return { status: 200, headers: { 'Content-Type': 'text/css; charset=utf-8' }, body: STYLE };
}

export function script(): Reply {
  return { status: 200, headers: { 'Content-Type': 'text/javascript; charset=utf-8' }, body: SCRIPT };
}
