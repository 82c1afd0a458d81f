"""Measures the chat's page in Chromium: `python -m staff.evidence.chat_page --checkpoint FILE [--output DIR]`.

Starts `python chat.py --web` with the reference solutions and sends messages as a person does. Prints how long the
first token and the answer take to be seen: median and longest. With --output, pictures of every tab follow, 1440 and
360 pixels wide, light and dark. Without a checkpoint, `chat.py` trains one first.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from haiku_bot import checkpoint
from staff import extras
from staff.places import SOLUTIONS_DIRECTORY
from startup import EXIT_USAGE, ending
from startup.project import PROJECT_DIRECTORY

with extras.needed("staff.evidence.chat_page"):
    from playwright.sync_api import Browser, Page, sync_playwright

    from staff.site.browser import CHROMIUM, SCHEMES, SIZES

MESSAGES = ("How do clouds feel today?", "I failed my exam", "got a puppy!!!!", "thunder all night", "im so bored")
PICTURED = "How do clouds feel today, without my umbrela?"
TABS = ("Reading", "Candidates", "Tokens", "Attention", "Without the form")
MAX_MILLISECONDS = 120_000  # of one wait for the page
SECONDS_BETWEEN_LOOKS = 0.5  # at the state of the chat, while its model is read or trained


def main(argv: list[str] | None = None) -> int:
    """Measure, and make pictures if they are wanted; returns 2 if there is no Chromium, or the chat cannot answer."""
    parser = argparse.ArgumentParser(prog="python -m staff.evidence.chat_page", description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=checkpoint.PATH, metavar="FILE")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write pictures into this folder")
    arguments = parser.parse_args(argv)
    if CHROMIUM is None:
        print("staff.evidence.chat_page: error: Chromium is not installed; set CHROMIUM to its path", file=sys.stderr)
        return EXIT_USAGE
    command = [sys.executable, "chat.py", "--web", "--code-directory", str(SOLUTIONS_DIRECTORY)]
    command += ["--checkpoint", str(arguments.checkpoint.resolve())]  # chat.py runs in another folder
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT_DIRECTORY) as program:
        assert program.stdout is not None
        try:
            addresses = (found[0] for line in program.stdout if (found := re.search(r"http://\S+", line)))
            address = next(addresses, None)
            fault = "chat.py ended before it served a page" if address is None else why_not_ready(address)
            if address is None or fault:
                print(f"staff.evidence.chat_page: error: {fault}", file=sys.stderr)
                return EXIT_USAGE
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                measure(browser, address)
                if arguments.output:
                    take_pictures(browser, address, arguments.output)
                browser.close()
        finally:
            program.send_signal(signal.SIGINT) if os.name == "posix" else program.terminate()
    return 0


def why_not_ready(address: str) -> str:
    """Wait until the chat has its model; returns why it will never answer, "" if it is ready.

    Args:
        address: of its page.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # nothing leaves this machine
    while True:
        try:
            with opener.open(f"{address}state") as answer:
                told = json.load(answer)
        except OSError as error:
            return f"chat.py serves its page no more ({error})"
        if told["state"] != "preparing":
            return "" if told["state"] == "ready" else f"{told['title']}. {told['text']}"
        time.sleep(SECONDS_BETWEEN_LOOKS)


def measure(browser: Browser, address: str) -> None:
    """Print the seconds from the key that sends a message to the first token, and to the answer."""
    page = opened(browser, address)
    first, whole = [], []
    for number, message in enumerate(MESSAGES):
        exchange = page.locator(".exchange").nth(number)
        page.locator("#message").fill(message)
        started = time.perf_counter()
        page.locator("#message").press("Enter")
        exchange.locator(".growing span:not(:empty)").first.wait_for()
        first.append(time.perf_counter() - started)
        exchange.locator(".haiku").wait_for()
        whole.append(time.perf_counter() - started)
        exchange.get_by_role("button", name="Another answer").wait_for()
    for name, seconds in (("first token", first), ("answer", whole)):
        print(f"{name}: median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s of {len(seconds)}")
    page.context.close()


def take_pictures(browser: Browser, address: str, folder: Path) -> None:
    """One picture of each tab, for every width and colour scheme."""
    folder.mkdir(parents=True, exist_ok=True)
    for width, height in SIZES:
        for scheme in SCHEMES:
            page = opened(browser, address, viewport={"width": width, "height": height}, color_scheme=scheme)
            page.locator("#message").fill(PICTURED)
            page.locator("#message").press("Enter")
            page.get_by_role("button", name="Another answer").wait_for()
            for tab in TABS:
                page.get_by_role("tab", name=tab).click()
                page.mouse.move(0, 0)
                page.screenshot(path=folder / f"{width}-{scheme}-{tab.split()[0].lower()}.png")
            page.context.close()


def opened(browser: Browser, address: str, **screen: Any) -> Page:
    """The page, ready for a message."""
    page = browser.new_context(**screen).new_page()
    page.set_default_timeout(MAX_MILLISECONDS)
    page.goto(address)
    page.locator("#message").wait_for()
    return page


if __name__ == "__main__":
    ending.run(main)
