"""What holds for every page, at each width, in each scheme, with script and without."""
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
AXE = """async () => {
  const clear = element => getComputedStyle(element).backgroundColor === 'rgba(0, 0, 0, 0)';
  if (clear(document.documentElement) && clear(document.body)) document.documentElement.style.backgroundColor = 'Canvas';
  const found = await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']});
  return found.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.target.join(' ') + ': ' + n.failureSummary)}));
}"""


class Problems:
    """What was found wrong, and where."""

    def __init__(self):
        self.found = []

    def add(self, where, what):
        self.found.append(f"{where}: {what}")


def look(browser, page, world, axe, screenshots, problems):
    """Looks at one page in all ways."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            once(browser, page, world, axe, screenshots, problems, width, scheme, script=True)
    once(browser, page, world, axe, screenshots, problems, 360, "light", script=False)


def once(browser, page, world, axe, screenshots, problems, width, scheme, script):
    where = f"{page.name} at {width} {scheme}{'' if script else ' without script'}"
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme,
                                  java_script_enabled=script)
    try:
        tab = context.new_page()
        watch(tab, world, where, problems)
        response = tab.goto(page.url(world))
        if response.status != page.status:
            problems.add(where, f"answered {response.status}, not {page.status}")
        if page.act:
            page.act(tab)
        tab.screenshot(path=pathlib.Path(screenshots) / f"{where.replace(' ', '-')}.png", full_page=True)
        for element in tab.evaluate(OVERFLOW):
            problems.add(where, f"wider than the screen: {element}")
        if not tab.title():
            problems.add(where, "no title")
        if not tab.evaluate("document.documentElement.lang"):
            problems.add(where, "no language")
        if script:
            # by the debugger's protocol, which the page's Content-Security-Policy does not bind
            tab.evaluate(axe)
            for violation in tab.evaluate(AXE):
                if violation["id"] not in page.allowed:
                    problems.add(where, f"axe {violation['id']}: {violation['help']}; {'; '.join(violation['nodes'])}")
    finally:
        context.close()


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
