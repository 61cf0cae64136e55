"""A browser that is no person, on the links of mails: it loads, waits, and presses every button, as mail scanners have been seen to
do. Everything stays open; then a person with the code decides, and the audit tells the two apart.

A scanner reads the link and not the mail, so it never types the code. It may type anything else.
"""
import itertools
import json

from playwright.sync_api import Error as PlaywrightError

from world import World, sluice

# What form fillers and probes type: nothing that could be a code.
FILLINGS = (None, "", "test", "12345", "test@example.com", "' OR 1=1 --")

BUTTONS = "button:not([type=button]):not([type=reset]), input[type=submit], input[type=image]"

# A headless browser says so in its name; a person's does not.
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36"

HALF_RIGHT = {"user_name": "Ananya", "email": "ananya@example.com", "pincode": "12"}


def run(browser, endpoint, problems):
    """All attacks on one request, then the person; then without script, and at 360 pixels."""
    names = ["pressed", "keyboard", "bare", "narrow"]
    submissions = {name: HALF_RIGHT | {"email": f"{name}@example.com", "user_name": name.title()} for name in names}
    world = World(endpoint, submissions)
    mails = {name: sluice.until(f"the mail about {name}", lambda name=name: world.mail_about(name)) for name in names}
    attacks = {
        "pressed": lambda link: press_everything(browser, link),
        "keyboard": lambda link: keyboard_alone(browser, link),
        "bare": lambda link: press_everything(browser, link, java_script_enabled=False),
        "narrow": lambda link: press_everything(browser, link, viewport={"width": 360, "height": 740}, is_mobile=True),
    }
    for name, attack in attacks.items():
        link, = world.links(mails[name])
        pressed = attack(link)
        print(f"  {name}: {pressed} times pressed")
        stands(world, link, name, problems)
    for name in names:
        person_decides(browser, world, mails[name], name, problems)


def visit(tab, link):
    """Goes to a page, until all of it is there. What was pressed last may still be on its way, and a second navigation ends the first: then once more."""
    for last in (False, False, True):
        try:
            return tab.goto(link)
        except PlaywrightError as error:
            if last or "ERR_ABORTED" not in str(error):
                raise


def press_everything(browser, link, **options):
    """Each form with each button, filled in each way, sent, sent again from the page before, and reloaded: how often."""
    count = 0
    context = browser.new_context(**options)
    try:
        tab = context.new_page()
        visit(tab, link)
        forms = tab.locator("form").count()
        buttons = [tab.locator("form").nth(form).locator(BUTTONS).count() for form in range(forms)]
        ways = [(form, button) for form in range(forms) for button in range(buttons[form])]
        for (form, button), filling in itertools.product(ways, FILLINGS):
            visit(tab, link)
            for again in ("first", "back", "reload"):
                if again == "back":
                    tab.go_back()
                elif again == "reload":
                    tab.reload()
                    count += 1
                    continue
                count += press(tab, form, button, filling)
    finally:
        context.close()
    return count


def press(tab, form, button, filling):
    """Fills a form and presses a button of it, past what the browser would check first: 1 if there was such a button."""
    here = tab.locator("form").nth(form)
    if here.count() == 0 or here.locator(BUTTONS).count() <= button:
        return 0
    if filling is not None:
        for field in here.locator("input:not([type=hidden]):not([type=checkbox]):not([type=radio]):not([type=submit]), textarea").all():
            if field.is_visible() and field.is_editable():
                field.fill(filling if field.get_attribute("type") != "email" or "@" in filling else "")
    # scanners are not held back by `required`
    tab.evaluate("for (const form of document.forms) form.noValidate = true")
    with tab.expect_navigation():
        here.locator(BUTTONS).nth(button).evaluate("button => button.click()")
    return 1


def keyboard_alone(browser, link):
    """Tab to every place there is, and Enter at each."""
    count = 0
    context = browser.new_context()
    try:
        tab = context.new_page()
        for places in range(1, 30):
            visit(tab, link)
            for _ in range(places):
                tab.keyboard.press("Tab")
            if tab.evaluate("document.activeElement === document.body"):
                break
            tab.keyboard.press("Enter")
            tab.wait_for_load_state("networkidle")
            count += 1
    finally:
        context.close()
    return count


def stands(world, link, name, problems):
    """The request is open: the workflow's API and the link's own JSON say so, and no link was locked."""
    status = world.status(name)
    code, said = world.json(link)
    if status != "RUNNING" or code != 200 or said.get("state") != "open":
        problems.add(f"hostile: {name}", f"the execution is {status}; the link answers {code} {said.get('state')}: {json.dumps(said)[:300]}")


def person_decides(browser, world, mail, name, problems):
    """A person reads the code in the mail, types it, and approves; the audit holds the scanner's visits and the person's decision."""
    link, = world.links(mail)
    context = browser.new_context(user_agent=PERSON)
    try:
        tab = context.new_page()
        tab.goto(link)
        tab.locator("input[name=code]").first.fill(world.code(mail))
        with tab.expect_navigation():
            tab.locator("button[value=approve]").first.click()
        output = sluice.until(f"{name} ends", lambda: world.output(name))
    finally:
        context.close()
    if output["outcome"] != "approved":
        problems.add(f"hostile: {name}", f"a person with the code could not decide: {output}")
    trail = world.audit(world.ids[name] + ".1")
    kinds = [record["kind"] for record in trail["records"]]
    if kinds.count("decided") != 1 or "wrong_code" in kinds or "locked" in kinds:
        problems.add(f"hostile: {name}", f"the audit has {kinds}")
    decided = next((record for record in trail["records"] if record["kind"] == "decided"), {"data": {}})
    if decided["data"].get("decided_by") != mail["to"] or decided["data"].get("by") != "person":
        problems.add(f"hostile: {name}", f"the audit does not say who decided: {decided}")
    fetched = {record["data"].get("by") for record in trail["records"] if record["kind"] == "fetched"}
    if "scanner" not in fetched:
        problems.add(f"hostile: {name}", f"the audit does not tell the scanner: {fetched}")
