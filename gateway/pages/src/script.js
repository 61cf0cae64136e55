(() => {
  const d = document, body = d.body, data = body.dataset, live = '[data-live]';
  const all = (s, r = d) => [...r.querySelectorAll(s)];
  let store = {};
  try { store = localStorage || store; } catch {}

  let skew = 0;
  const near = new Intl.RelativeTimeFormat('en', {numeric: 'auto'}), forms = {};
  const ago = ms => {
    const s = Math.round((ms - Date.now() - skew) / 1e3);
    for (const [n, u] of [[86400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']])
      if (Math.abs(s) >= n || n < 2) return near.format(Math.trunc(s / n), u);
  };
  const local = (ms, to) => (forms[to] ??= new Intl.DateTimeFormat('en-GB', {dateStyle: 'medium', timeStyle: to ? 'medium' : 'short'})).format(ms);
  const times = () => all('time[datetime]').forEach(t => {
    const ms = Date.parse(t.dateTime), set = t.dataset, utc = set.utc ??= t.title || t.textContent;
    if (!ms) return;
    const exact = store.utc ? utc : local(ms, set.to), words = 'ago' in set ? ago(ms) : exact;
    if (t.textContent !== words) t.textContent = words;
    t.title = words === exact ? utc : exact + ' / ' + utc;
  });

  const button = (name, words, act) => all(`[data-${name}]`).forEach(b => {
    b.hidden = false;
    b.onclick = async () => { await act(b); b.textContent = words(b); };
    b.textContent = words(b);
  });
  const dress = () => {
    skew = Date.parse(data.now) - Date.now() || 0;
    times();
    navigator.clipboard && button('copy', b => b.dataset.done ? 'Copied' : 'Copy', async b => {
      await navigator.clipboard.writeText(b.dataset.copy);
      b.dataset.done = 1;
    });
  };

  let paused, etag, timer, wait;
  const before = {};
  const name = (e, i) => e.id || i + e.querySelector('summary')?.textContent;
  const swap = text => {
    const fresh = new DOMParser().parseFromString(text, 'text/html');
    all(live).forEach(e => {
      const f = fresh.getElementById(e.id), html = f?.innerHTML;
      if (!f || html === before[e.id]) return;
      before[e.id] = html;
      wait = 0;
      const open = {}, parts = () => all('a,button,summary', e), at = parts().indexOf(d.activeElement), {id} = d.activeElement;
      all('details', e).forEach((x, i) => open[name(x, i)] = x.open);
      e.replaceChildren(...f.childNodes);
      all('details', e).forEach((x, i) => x.open = open[name(x, i)] ?? x.open);
      if (at >= 0) (id && d.getElementById(id) || parts()[at])?.focus();
    });
    d.title = fresh.title;
    for (const k of ['now', 'refresh', 'slowest']) data[k] = fresh.body.dataset[k] ?? '';
    dress();
  };
  const look = async () => {
    clearTimeout(timer);
    if (paused || d.hidden || !+data.refresh) return;
    let words = '';
    try {
      const r = await fetch(location.href, {cache: 'no-store', headers: {accept: 'text/html', 'if-none-match': etag ?? ''}});
      if (r.status !== 304) {
        if (!r.ok) throw 0;
        etag = r.headers.get('etag');
        swap(await r.text());
      }
    } catch { words = 'No answer; trying again.'; }
    all('[data-said]').forEach(e => e.textContent = words);
    next();
  };
  const next = () => {
    const s = +data.refresh;
    all('[data-pause]').forEach(b => b.hidden = !s);
    wait = Math.min(wait ? wait * 1.4 : s, +data.slowest || s);
    clearTimeout(timer);
    if (s) timer = setTimeout(look, wait * 1e3);
  };

  d.addEventListener('keydown', e => {
    if (store.keys || e.ctrlKey || e.metaKey || e.altKey || e.target.closest('input,textarea,select')) return;
    const search = e.key === '/' && d.querySelector('[type=search]'), step = {j: 1, k: -1}[e.key];
    if (search) { e.preventDefault(); search.focus(); }
    if (!step) return;
    const rows = all('[data-row]'), at = rows.findIndex(r => r.contains(d.activeElement));
    rows[at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)]?.querySelector('a')?.focus();
  });

  all(live).forEach(e => before[e.id] = e.innerHTML);
  dress();
  setInterval(times, 2e4);
  const turn = k => () => { store[k] = store[k] ? '' : 1; times(); };
  button('zone', () => store.utc ? 'Show times here' : 'Show UTC', turn('utc'));
  button('keys', () => store.keys ? 'Turn keys on' : 'Turn keys off', turn('keys'));
  button('pause', () => paused ? 'Go on' : 'Pause', () => { paused = !paused; look(); });
  d.addEventListener('visibilitychange', look);
  next();
})();
