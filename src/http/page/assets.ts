/** Style and script of the page: served by this endpoint itself, so that the page needs nothing from elsewhere. */

export const STYLE = `:root{color-scheme:light dark;--fg:#1c2126;--dim:#5d6772;--bg:#fff;--line:#d5dae0;--card:#f5f7f9;--good:#14713a;--wait:#8a5a00;--bad:#b3261e;--link:#0b57a4}
@media (prefers-color-scheme:dark){:root{--fg:#e4e8ec;--dim:#9aa5b1;--bg:#14181c;--line:#323a42;--card:#1d2329;--good:#63c787;--wait:#e5b454;--bad:#ff8a80;--link:#82b7ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:84rem;padding:1rem;font:15px/1.45 system-ui,sans-serif;color:var(--fg);background:var(--bg)}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:1.75rem 0 .5rem}h3{font-size:1rem;margin:1.25rem 0 .4rem}
a{color:var(--link)}a:focus-visible,input:focus-visible,button:focus-visible,summary:focus-visible,pre:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem}
.good{color:var(--good)}.wait{color:var(--wait)}.bad{color:var(--bad)}.dim{color:var(--dim)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.35rem 1.5rem;margin:.75rem 0}
.facts div{min-width:0;overflow-wrap:anywhere}dt{color:var(--dim);font-size:.85rem}dd{margin:0}
meter{width:100%;height:.7rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:600;font-size:.85rem;white-space:nowrap}
form{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:.5rem 0}
input,button{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:.35rem;padding:.3rem .6rem}input[type=search]{flex:1 1 12rem;min-width:0;max-width:24rem}
pre{background:var(--card);border:1px solid var(--line);border-radius:.35rem;padding:.6rem .75rem;overflow-x:auto;margin:.4rem 0;font:13px/1.45 ui-monospace,monospace}
pre.log{max-height:32rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}dd ul{margin:0;padding-left:1.1rem}
code{font:13px ui-monospace,monospace}
.card{background:var(--card);border:1px solid var(--line);border-radius:.35rem;padding:.6rem .9rem;margin:.5rem 0}
#stale{position:sticky;top:0;background:var(--bad);color:var(--bg);padding:.4rem .75rem;border-radius:.35rem}
@media (max-width:40rem){thead{position:absolute;left:-99rem}tr{display:block;border-bottom:1px solid var(--line);padding:.4rem 0}td{display:flex;gap:.75rem;border:0;padding:.1rem 0;overflow-wrap:anywhere}td::before{content:attr(data-label);color:var(--dim);flex:0 0 7rem;font-size:.85rem}td[data-label=""]::before,td.empty{display:none}}
`;

/**
 * Fetches the page again when the server says that something has changed, and puts the new content in place of the old.
 * What is focused, unfolded and typed stays. Without this script the page is complete as it is.
 */
export const SCRIPT = `'use strict';
(() => {
  const stale = document.getElementById('stale');
  let since = null, busy = false, again = false;
  const lost = () => { since = since || new Date(); stale.textContent = 'Not up to date since ' + since.toLocaleTimeString() + ': the agent does not answer.'; stale.hidden = false; };
  const found = () => { since = null; stale.hidden = true; };
  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
      if (!answer.ok) throw new Error(answer.statusText);
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
      for (const part of document.querySelectorAll('[data-live]')) {
        const fresh = next.getElementById(part.id);
        if (!fresh || fresh.innerHTML === part.innerHTML) continue;
        const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
        const open = [...part.querySelectorAll('details[open]')].map((one) => one.id);
        part.replaceChildren(...fresh.childNodes);
        for (const id of open) document.getElementById(id)?.setAttribute('open', '');
        if (focused) [...part.querySelectorAll('a')].find((one) => one.getAttribute('href') === focused)?.focus();
      }
      found();
    } catch { lost(); }
    busy = false;
    if (again) { again = false; refresh(); }
  };
  const source = new EventSource('/rower/v1/live');
  source.addEventListener('change', refresh);
  source.addEventListener('open', () => { if (since) refresh(); });
  source.addEventListener('error', lost);
  const form = document.querySelector('form');
  form?.addEventListener('input', () => {
    const query = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...query]) if (!value) query.delete(name);
    history.replaceState(null, '', query.size ? '/?' + query : '/');
    refresh();
  });
  form?.addEventListener('submit', (event) => event.preventDefault());
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target.closest('input')) return;
    event.preventDefault();
    document.querySelector('input[type=search]')?.focus();
  });
})();
`;
