"""The pictures of the README: pages of a running stack with a morning's submissions.

    .ci/browser/run VENV target/debug/sluice --pictures docs/pictures

They are made by hand when a page has changed, since no two are the same to the byte: times and ids are in them. Look at each.
"""
import base64
import pathlib

from world import World

SIZE = {"width": 1280, "height": 800}

PEOPLE = {
    "stored": {"user_name": "Ada Lovelace", "email": "ada@example.com", "pincode": "0305"},
    "refused": {"user_name": "Edsger", "email": "edsger", "pincode": "12"},
    "waiting": {"user_name": "Ananya Rao", "email": "ananya@example.com", "pincode": "12"},
    "grace": {"user_name": "Grace Hopper", "email": "grace@example.com", "pincode": "1906"},
    "alan": {"user_name": "Alan Turing", "email": "alan@example.com", "pincode": "191206"},
    "barbara": {"user_name": "Barbara Liskov", "email": "barbara@example.com", "pincode": "1939"},
    "katherine": {"user_name": "Katherine Johnson", "email": "katherine@example", "pincode": "1918"},
    "margaret": {"user_name": "Margaret Hamilton", "email": "margaret@example.com", "pincode": "1936"},
}

PICTURES = {
    "form": lambda world: world.api,
    "submissions": lambda world: world.console(),
    "execution": lambda world: world.console("executions", world.execution("waiting")),
    "approval": lambda world: world.approval_link(),
}


def take(browser, endpoint, directory):
    """Takes all pictures, as WebP: Chromium writes it by itself, and it is a third of a PNG."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    world = World(endpoint, PEOPLE)
    context = browser.new_context(viewport=SIZE, color_scheme="light")
    try:
        for name, url in PICTURES.items():
            tab = context.new_page()
            tab.goto(url(world))
            taken = context.new_cdp_session(tab).send("Page.captureScreenshot", {"format": "webp", "quality": 85})
            path = directory / f"{name}.webp"
            path.write_bytes(base64.b64decode(taken["data"]))
            print(f"  {path}: {path.stat().st_size // 1024} KB")
            tab.close()
    finally:
        context.close()
