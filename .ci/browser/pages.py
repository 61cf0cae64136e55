"""The pages that a browser looks at.

TO ADD A PAGE: add a `Page` to PAGES.

    Page("entries", lambda world: world.entries_url)

- `name` is the screenshot's name, and what `--only` selects by its beginning.
- `url` makes the address of the `World` (world.py): the running stack with some submissions of each outcome. What your page
  needs and the world does not have yet, add there as one more attribute.
- `act`, if it is given, is called with Playwright's page once it is loaded: fill, press a button, open a `details`. What it
  leads to is what is looked at. It is done by keyboard, with script and without, as
      def refuse(page):
          page.locator("input[name=pincode]").fill("12")
          press(page, named(page, "Submit"))
- `status` is the status that the address answers with.
- `allowed` names rules of axe that the page may break, each with the reason.

Each page is loaded with script and without, and looked at at 1280 and 360 pixels in the light and the dark scheme: nothing is wider
than the screen; no error on the console, nothing refused by the page's own Content-Security-Policy; nothing asked of another host; no
element that a stranger's text has made; a title and a language; every place is reached by Tab, and seen to have the focus; axe finds
nothing, neither of WCAG 2.2 A and AA nor of its best practices. The screenshots lie in target/screenshots.

Run a part of it:  .ci/browser/run VENV target/debug/sluice --no-hostile --only console
"""
import dataclasses
import typing
import urllib.parse


@dataclasses.dataclass(frozen=True)
class Page:
    name: str
    url: typing.Callable
    act: typing.Callable = None
    status: int = 200
    allowed: typing.Mapping[str, str] = dataclasses.field(default_factory=dict)


def query(**members):
    return "?" + urllib.parse.urlencode(members)


def press(page, button):
    """Presses a button as somebody without a mouse does: Tab to it, then Enter."""
    target = button.element_handle()
    page.evaluate("document.activeElement?.blur()")
    for _ in range(200):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            break
    else:
        raise AssertionError(f"Tab does not lead to {button}")
    with page.expect_navigation():
        page.keyboard.press("Enter")


def named(page, name):
    return page.get_by_role("button", name=name, exact=True)


def refuse_start(page):
    page.locator("textarea[name=input]").fill("{ no json")
    press(page, named(page, "Start"))
    page.get_by_text("Nothing was started").wait_for()


def start(page):
    page.locator("select[name=machine]").select_option(index=1)
    press(page, named(page, "Start"))
    page.get_by_text("Started.", exact=True).wait_for()


def delete_and_undo(page):
    press(page, named(page, "Delete"))
    page.get_by_text("The mail is deleted.").wait_for()
    press(page, named(page, "Undo"))
    page.get_by_text("The mail is back.").wait_for()


def beat(page):
    press(page, named(page, "Send heartbeat"))
    page.get_by_text("The heartbeat is taken.").wait_for()


def open_approvals(page):
    press(page, named(page, "Open the approvals page"))
    page.get_by_text("A fresh link for you.").wait_for()


PAGES = [
    # the gateway's
    Page("form", lambda world: world.api),
    Page("submission-stored", lambda world: world.submission("stored")),
    Page("submission-refused", lambda world: world.submission("refused")),
    Page("submission-waiting", lambda world: world.submission("waiting")),
    Page("submission-unknown", lambda world: world.api + "submissions/00000000-0000-4000-8000-000000000000", status=404),
    # the approval's
    Page("approval-open", lambda world: world.approval_link()),
    Page("approval-unknown", lambda world: world.approvals + "nobody/has-this-secret", status=404),
    # the console's
    Page("console", lambda world: world.console()),
    Page("console-execution-stored", lambda world: world.console("executions", world.execution("stored"))),
    Page("console-execution-waiting", lambda world: world.console("executions", world.execution("waiting"))),
    Page("console-execution-refused", lambda world: world.console("executions", world.execution("refused"))),
    Page("console-graph-nested", lambda world: world.run("nested")),
    Page("console-graph-retry", lambda world: world.run("nested", "?state=Again")),
    Page("console-graph-items", lambda world: world.run("nested", "?within=4")),
    Page("console-graph-failed", lambda world: world.run("failed", "?failed=1&open=1")),
    Page("console-graph-sixty", lambda world: world.run("sixty")),
    Page("console-graph-alone", lambda world: world.run("sixty", "?only=graph")),
    Page("console-map-run", lambda world: world.console("map-runs", world.map_run())),
    Page("console-execution-with-map-run", lambda world: world.run("run")),
    Page("console-execution-child", lambda world: world.console("executions", world.child())),
    Page("console-approvals", lambda world: world.console("approvals")),
    Page("console-inbox", lambda world: world.console("inbox")),
    Page("console-mail", lambda world: world.console("inbox", world.mails()[0]["id"])),
    Page("console-logs", lambda world: world.console("logs")),
    Page("console-logs-of-a-function", lambda world: world.console("logs", world.function("ingest"))),
    Page("console-machines", lambda world: world.console("state-machines")),
    Page("console-machine", lambda world: world.console("state-machines", world.machine)),
    Page("console-submissions", lambda world: world.console("submissions")),
    Page("console-submissions-found", lambda world: world.console("submissions") + "?q=ada&outcome=stored"),
    Page("console-submissions-none", lambda world: world.console("submissions") + "?q=nobody-is-called-so"),
    Page("console-executions", lambda world: world.console("executions")),
    Page("console-start", lambda world: world.console("start")),
    Page("console-start-refused", lambda world: world.console("start"), act=refuse_start, status=200),
    Page("console-started", lambda world: world.console("start"), act=start),
    Page("console-mail-deleted", lambda world: world.console("inbox", world.mails()[0]["id"]), act=delete_and_undo),
    Page("console-task-heartbeat", lambda world: world.console("tasks") + query(arn=world.execution("waiting")), act=beat),
    Page("console-approvals-link", lambda world: world.console(), act=open_approvals),
    Page("console-stop", lambda world: world.console("stop") + query(arn=world.execution("waiting"))),
    Page("console-redrive", lambda world: world.console("redrive") + query(arn=world.execution("stored"))),
    Page("console-redrive-failed", lambda world: world.console("redrive-failed")),
    Page("console-task", lambda world: world.console("tasks") + query(arn=world.execution("waiting"))),
    Page("console-task-by-token", lambda world: world.console("tasks")),
    Page("console-clock", lambda world: world.console("clock")),
    Page("console-inbox-found", lambda world: world.console("inbox") + "?q=ananya"),
    Page("console-logs-found", lambda world: world.console("logs") + "?q=report&level="),
    Page("console-dashboards", lambda world: world.console("dashboards")),
    Page("console-dashboard", lambda world: world.console("dashboards", "sluice") + "?range=15m"),
    Page("console-alarms", lambda world: world.console("alarms")),
    Page("console-alarm-raised", lambda world: world.console("alarms", world.raised_alarm)),
    Page("console-alarm-unknown", lambda world: world.console("alarms", "nobody"), status=404),
    Page("console-dashboard-strange", lambda world: world.console("dashboards", world.strange_dashboard) + "?range=1h"),
    Page("console-execution-strange", lambda world: world.run("strange", "?open=1")),
    Page("console-mail-strange", lambda world: world.console("inbox", world.strange_mail)),
    Page("console-unknown", lambda world: world.console("nothing"), status=404),
]
