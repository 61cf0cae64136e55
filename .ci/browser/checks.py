"""What holds for every page, at each width, in each scheme, with script and without."""
import contextlib
import pathlib
import urllib.parse

WIDTHS = (1280, 360)
SCHEMES = ("light", "dark")

# The elements that reach over the right edge: a box that scrolls by itself may hold something wider.
OVERFLOW = """() => {
  const width = document.documentElement.clientWidth, found = [];
  if (document.documentElement.scrollWidth > width) {
    for (const element of document.body.querySelectorAll('*')) {
      const box = element.getBoundingClientRect();
      if (box.right <= width + 1 || box.width === 0) continue;
      let scrolls = false;
      for (let up = element.parentElement; up && up !== document.body; up = up.parentElement)
        scrolls ||= ['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(up).overflowX);
      if (!scrolls) found.push(element.tagName.toLowerCase() + '.' + element.className + ' to ' + Math.round(box.right));
    }
    if (!found.length) found.push('the page itself');
  }
  return found.slice(0, 5);
}"""

# A page without a background of its own stands on the browser's canvas, which is dark in the dark scheme; axe takes it for white.
# A scheme changes colours alone, so in the second one only those are looked at again.
AXE = """async colours => {
  const clear = element => getComputedStyle(element).backgroundColor === 'rgba(0, 0, 0, 0)';
  if (clear(document.documentElement) && clear(document.body)) document.documentElement.style.backgroundColor = 'Canvas';
  const all = {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']};
  const found = await axe.run(document, colours ? {runOnly: {type: 'rule', values: ['color-contrast']}} : all);
  return found.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.target.join(' ') + ': ' + n.failureSummary)}));
}"""

# What somebody reaches by Tab: what is shown, of a group of radio buttons the group.
PLACES = """() => {
  const shown = element => element.checkVisibility({visibilityProperty: true}) && element.getClientRects().length > 0;
  const all = document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]');
  const places = [...all].filter(e => shown(e) && !e.disabled && e.type !== 'hidden' && e.type !== 'radio' && e.tabIndex >= 0);
  places.forEach((element, n) => { element.dataset.place = n; });
  return places.length;
}"""

# The place that has the focus, and whether one sees that it has.
FOCUS = """() => {
  const element = document.activeElement;
  if (!element || element === document.body || element === document.documentElement) return null;
  const style = getComputedStyle(element);
  return {place: element.dataset.place ?? null, name: element.outerHTML.slice(0, 120),
          seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none'};
}"""

# So many places of a page are gone through; the rest of a long table is like its beginning.
MOST_PLACES = 60

# What a stranger's text would have made, had it been taken for a page's own.
INJECTED = """() => [...document.querySelectorAll('[onerror], [onload], img[src="x"], iframe, object, embed, base, a[href^="javascript:"]')]
  .map(element => element.outerHTML.slice(0, 120))"""


class Problems:
    """What was found wrong, and where."""

    def __init__(self):
        self.found = []

    def add(self, where, what):
        self.found.append(f"{where}: {what}")


class Looker:
    """Looks at pages: with script at each width in each scheme, without script at the smaller width."""

    def __init__(self, browser, world, axe, screenshots, problems):
        self.world, self.axe, self.screenshots, self.problems = world, axe, pathlib.Path(screenshots), problems
        self.scripted = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}, color_scheme=SCHEMES[0])
        self.bare = browser.new_context(viewport={"width": WIDTHS[1], "height": 900}, java_script_enabled=False)

    def close(self):
        self.scripted.close()
        self.bare.close()

    def look(self, page):
        """Looks at one page in all ways. It is loaded, and what it does is done, once with script and once without."""
        with self.opened(self.scripted, page, page.name) as tab:
            # by the debugger's protocol, which the page's Content-Security-Policy does not bind
            tab.evaluate(self.axe)
            for width in WIDTHS:
                tab.set_viewport_size({"width": width, "height": 900})
                for scheme in SCHEMES:
                    tab.emulate_media(color_scheme=scheme)
                    where = f"{page.name} at {width} {scheme}"
                    self.shown(tab, where)
                    self.accessible(tab, page, where, colours=scheme != SCHEMES[0])
            self.keyboard(tab, page.name)
        with self.opened(self.bare, page, f"{page.name} without script") as tab:
            self.shown(tab, f"{page.name} at {WIDTHS[1]} light without script")

    @contextlib.contextmanager
    def opened(self, context, page, where):
        tab = context.new_page()
        try:
            watch(tab, self.world, where, self.problems)
            response = tab.goto(page.url(self.world))
            if response.status != page.status:
                self.problems.add(where, f"answered {response.status}, not {page.status}")
            if page.act:
                page.act(tab)
            if not tab.title():
                self.problems.add(where, "no title")
            if not tab.evaluate("document.documentElement.lang"):
                self.problems.add(where, "no language")
            for element in tab.evaluate(INJECTED):
                self.problems.add(where, f"a stranger's text became an element: {element}")
            yield tab
        finally:
            tab.close()

    def shown(self, tab, where):
        tab.screenshot(path=self.screenshots / f"{where.replace(' ', '-')}.png", full_page=True)
        for element in tab.evaluate(OVERFLOW):
            self.problems.add(where, f"wider than the screen: {element}")

    def accessible(self, tab, page, where, colours):
        for violation in tab.evaluate(AXE, colours):
            if violation["id"] not in page.allowed:
                self.problems.add(where, f"axe {violation['id']}: {violation['help']}; {'; '.join(violation['nodes'])}")

    def keyboard(self, tab, where):
        """Every place is reached by Tab alone, and one sees where one is."""
        count = tab.evaluate(PLACES)
        reached = set()
        tab.evaluate("document.activeElement?.blur()")
        # a box that scrolls is a place too, and between the last place and the first is the browser's own
        for _ in range(2 * min(count, MOST_PLACES) + 10):
            if len(reached) >= min(count, MOST_PLACES):
                return
            tab.keyboard.press("Tab")
            focus = tab.evaluate(FOCUS)
            if focus is None:
                continue
            if focus["place"] is not None:
                reached.add(focus["place"])
            if not focus["seen"]:
                self.problems.add(where, f"one does not see the focus on {focus['name']}")
        self.problems.add(where, f"only {len(reached)} of {count} places are reached by Tab")


def watch(tab, world, where, problems):
    """Notes errors of scripts, refusals by the page's policy, and whatever is asked of strangers."""
    ours = {urllib.parse.urlsplit(url).netloc for url in (world.endpoint, world.api, world.approvals)}

    def console(message):
        # a page that answers 404 says so on the console, as all do
        if message.type == "error" and "Failed to load resource" not in message.text:
            problems.add(where, f"console: {message.text}")

    def request(request):
        url = urllib.parse.urlsplit(request.url)
        if url.scheme in ("http", "https", "ws", "wss") and url.netloc not in ours:
            problems.add(where, f"asks {url.netloc}")

    tab.on("console", console)
    tab.on("pageerror", lambda error: problems.add(where, f"script: {error}"))
    tab.on("request", request)
    tab.on("dialog", lambda dialog: (problems.add(where, f"dialog: {dialog.message}"), dialog.dismiss()))
