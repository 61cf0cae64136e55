#!/usr/bin/env python3
"""A real browser on the pages of a running `sluice`. Called by .ci/browser/run, which says how."""
import argparse
import pathlib
import signal
import sys
import time

from playwright.sync_api import sync_playwright

import checks
import hostile
import pictures
from pages import PAGES
from world import World, sluice

# A test machine's Chromium runs as root, in a container, and calls nobody.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-dev-shm-usage"]


# The end of waiting for the whole: several times what it takes on a slow machine, so that what hangs is told with its place.
LIMIT_S = 20 * 60


def too_late(*_):
    raise TimeoutError(f"the browser tests are not done within {LIMIT_S} s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--chromium", required=True)
    parser.add_argument("--axe", required=True)
    parser.add_argument("--only", default="", help="pages whose names begin so")
    parser.add_argument("--no-hostile", action="store_true", help="leave out the browser that presses every button of a mail's link")
    parser.add_argument("--screenshots", default="target/screenshots")
    parser.add_argument("--pictures", help="take the README's pictures into this directory, and do nothing else")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(LIMIT_S)
    pathlib.Path(options.screenshots).mkdir(parents=True, exist_ok=True)
    axe = pathlib.Path(options.axe).read_text(encoding="utf-8")
    problems = checks.Problems()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=ARGUMENTS)
        with sluice.running(options.binary, "--stack", "workflow", "--stack", "dashboard") as (_, endpoint):
            if options.pictures:
                pictures.take(browser, endpoint, options.pictures)
                return
            world = World(endpoint)
            chosen = [page for page in PAGES if page.name.startswith(options.only)]
            looker = checks.Looker(browser, world, axe, options.screenshots, problems)
            for page in chosen:
                started = time.monotonic()
                looker.look(page)
                print(f"  {page.name}: {time.monotonic() - started:.1f} s", flush=True)
            looker.close()
        if not options.no_hostile:
            with sluice.running(options.binary) as (_, endpoint):
                hostile.run(browser, endpoint, problems)
        browser.close()
    for problem in problems.found:
        print(problem)
    if problems.found:
        sys.exit(f"{len(problems.found)} problems; screenshots in {options.screenshots}")
    print(f"{len(chosen)} pages looked at{'' if options.no_hostile else ', and no machine decided'}")


if __name__ == "__main__":
    main()
